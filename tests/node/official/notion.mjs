// Notion's own client.
import { Client } from "@notionhq/client";

export let address;
const looking = async (url) => {
  address = new URL(url).origin;
  return new Response("{}");
};
await new Client({ auth: "secret_key", fetch: looking }).users.me({});

export const connect = (at) => new Client({ auth: "secret_key", baseUrl: at });

const text = (content) => [{ text: { content } }];
const source = async (client) => {
  await client.databases.retrieve({ database_id: "d1" });
  await client.dataSources.retrieve({ data_source_id: "s1" });
};

export const calls = {
  find_page: (client) =>
    client.search({ query: "Launch", filter: { property: "object", value: "page" }, page_size: 10 }),
  search: (client) =>
    client.search({
      query: "Launch",
      filter: { property: "object", value: "data_source" },
      page_size: 20,
      start_cursor: "c1",
    }),
  get_page: (client) => client.pages.retrieve({ page_id: "p1" }),
  getPageOrBlockChildren: (client) => client.blocks.children.list({ block_id: "p1", page_size: 100 }),
  createPage: (client) =>
    client.pages.create({
      parent: { page_id: "p1" },
      properties: { title: { title: text("Launch") } },
      markdown: "# Plan",
    }),
  append_to_page: (client) =>
    client.pages.updateMarkdown({ page_id: "p1", type: "insert_content", insert_content: { content: "More" } }),
  replace_in_page: (client) =>
    client.pages.updateMarkdown({
      page_id: "p1",
      type: "update_content",
      update_content: { content_updates: [{ old_str: "Old", new_str: "New" }] },
    }),
  move_page: (client) => client.pages.move({ page_id: "p1", parent: { type: "page_id", page_id: "p2" } }),
  trash_page: (client) => client.pages.update({ page_id: "p1", in_trash: true }),
  delete_block: (client) => client.blocks.delete({ block_id: "b1" }),
  retrieve_database: source,
  query_database: async (client) => {
    await client.databases.retrieve({ database_id: "d1" });
    await client.dataSources.query({
      data_source_id: "s1",
      filter: { property: "Status", status: { equals: "Done" } },
      sorts: [{ property: "Due", direction: "ascending" }],
      page_size: 50,
    });
  },
  "notion-find-database-item": async (client) => {
    await source(client);
    await client.dataSources.query({
      data_source_id: "s1",
      filter: {
        and: [
          { property: "Name", title: { equals: "Launch" } },
          { property: "Tags", multi_select: { contains: "web" } },
        ],
      },
      page_size: 50,
    });
  },
  create_database_item: async (client) => {
    await source(client);
    await client.pages.create({
      parent: { type: "data_source_id", data_source_id: "s1" },
      properties: {
        Name: { title: text("Launch") },
        Status: { status: { name: "Done" } },
        Tags: { multi_select: [{ name: "web" }, { name: "urgent" }] },
        Due: { date: { start: "2026-11-21" } },
        Cost: { number: 12.5 },
      },
      markdown: "# Plan",
    });
  },
  update_database_item: async (client) => {
    await source(client);
    await client.pages.update({ page_id: "p1", properties: { Status: { status: { name: "Done" } }, Due: { date: null } } });
  },
  archive_database_item: (client) => client.pages.update({ page_id: "p1", in_trash: true }),
  restore_database_item: (client) => client.pages.update({ page_id: "p1", in_trash: false }),
  create_database: (client) =>
    client.databases.create({
      parent: { type: "page_id", page_id: "p1" },
      title: text("Tasks"),
      initial_data_source: { properties: { Name: { title: {} } } },
    }),
  add_comment: (client) => client.comments.create({ parent: { page_id: "p1" }, markdown: "Well done" }),
  reply_to_comment: (client) => client.comments.create({ discussion_id: "c1", markdown: "Thanks" }),
  get_page_comments: (client) => client.comments.list({ block_id: "p1", page_size: 100 }),
  list_users: (client) => client.users.list({ page_size: 100 }),
  get_user: (client) => client.users.retrieve({ user_id: "u1" }),
};
