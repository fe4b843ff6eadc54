// Intercom's own client.
import { IntercomClient, IntercomEnvironment } from "intercom-client";

export const address = IntercomEnvironment.UsProduction;

export const connect = (at) => new IntercomClient({ token: "t0ken", environment: at, maxRetries: 0 });

const is = (field, value, operator = "=") => ({ field, operator, value });
const search = (...value) => ({ query: { operator: "AND", value }, pagination: { per_page: 20 } });
const ofAdmin = (message_type, body) => ({
  conversation_id: "7",
  body: { message_type, type: "admin", admin_id: "5", body },
});
const ada = is("email", "ada@example.com");
const ticket_attributes = { _default_title_: "Broken" };

export const calls = {
  "find-conversation": (client) =>
    client.conversations.search(
      search(
        is("source.body", "offer", "~"),
        is("state", "open"),
        is("updated_at", 1793491200, ">"),
        is("updated_at", 1796083200, "<"),
      ),
    ),
  "get-conversation": (client) => client.conversations.find({ conversation_id: "7" }),
  "create-conversation": (client) => client.conversations.create({ from: { type: "user", id: "c1" }, body: "Hello" }),
  replyToConversation: (client) => client.conversations.reply(ofAdmin("comment", "Hi")),
  addNoteToConversation: (client) => client.conversations.reply(ofAdmin("note", "Known")),
  close_conversation: (client) => client.conversations.manage(ofAdmin("close", "Bye")),
  send_message: (client) =>
    client.messages.create({
      message_type: "email",
      subject: "News",
      template: "plain",
      from: { type: "admin", id: 5 },
      to: { type: "user", id: "c1" },
      body: "Hello",
      create_conversation_without_contact_reply: true,
    }),
  "find-user": (client) => client.contacts.search(search(ada, is("role", "user"))),
  "find-lead": (client) => client.contacts.search(search(is("name", "Ada"), is("role", "lead"))),
  "create-user": (client) =>
    client.contacts.create({
      role: "user",
      email: "ada@example.com",
      signed_up_at: 1793491200,
      external_id: "u1",
      name: "Ada",
      custom_attributes: { plan: "pro" },
    }),
  "create-or-update-user": async (client) => {
    await client.contacts.search(search(ada, is("role", "user")));
    await client.contacts.update({ contact_id: "c1", email: "ada@example.com", name: "Ada" });
  },
  "create-or-update-lead": (client) =>
    client.contacts.update({
      contact_id: "l1",
      name: "Ada",
      email: "ada@example.com",
      phone: "+15550100",
      unsubscribed_from_emails: true,
    }),
  "add-note-to-user": async (client) => {
    await client.contacts.search(search(ada));
    await client.notes.create({ contact_id: "c1", body: "Known" });
  },
  "find-company": (client) => client.companies.retrieve({ name: "Acme" }),
  "list-all-tags": (client) => client.tags.list(),
  "add-or-remove-tag-on-contact": (client) => client.tags.tagContact({ contact_id: "c1", id: "t1" }),
  "add-or-remove-tag-on-conversation": async (client) => {
    await client.admins.identify();
    await client.tags.untagConversation({ conversation_id: "7", tag_id: "t1", admin_id: "5" });
  },
  "add-or-remove-tag-on-company": (client) =>
    client.tags.create({ name: "VIP", companies: [{ id: "k1", untag: true }] }),
  "create-ticket": (client) =>
    client.tickets.create({ ticket_type_id: "1", contacts: [{ id: "c1" }], company_id: "k1", ticket_attributes }),
  "update-ticket": (client) =>
    client.tickets.update({
      ticket_id: "2",
      ticket_attributes,
      open: true,
      ticket_state_id: "3",
      snoozed_until: 1796083200,
      assignee_id: "5",
    }),
  search_articles: (client) => client.articles.search({ phrase: "refund" }),
  "create-article": (client) =>
    client.articles.create({
      title: "Refunds",
      description: "How",
      body: "<p>So</p>",
      author_id: 5,
      state: "draft",
      parent_id: 9,
      parent_type: "collection",
    }),
};
