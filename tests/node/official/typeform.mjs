// Typeform's own client.
import { createClient } from "@typeform/api-client";

export let address;
// The client does not tell where it goes, but hands unknown options on to axios, which lets itself be replaced.
await createClient({
  token: "tfp_1",
  adapter: async (config) => {
    address = new URL(config.url).origin;
    return { data: {}, status: 200, statusText: "OK", headers: {}, config };
  },
}).forms.list();

export const connect = (at) => createClient({ token: "tfp_1", apiBaseUrl: at });

const fields = [{ title: "Your name?", type: "short_text" }];

export const calls = {
  list_forms: (client) => client.forms.list({ page: 2, pageSize: 20, search: "party", workspaceId: "w1" }),
  get_form: (client) => client.forms.get({ uid: "f1" }),
  create_form: (client) =>
    client.forms.create({
      data: { title: "Party", fields, workspace: { href: "https://api.typeform.com/workspaces/w1" } },
    }),
  update_form: (client) => client.forms.update({ uid: "f1", override: true, data: { title: "Party", fields } }),
  delete_form: (client) => client.forms.delete({ uid: "f1" }),
  get_form_summary: (client) => client.insights.summary({ uid: "f1" }),
  get_responses: (client) =>
    client.responses.list({
      uid: "f1",
      pageSize: 25,
      since: "2026-11-01T00:00:00",
      until: "2026-11-21T00:00:00",
      before: "t0",
      completed: true,
      sort: "submitted_at,asc",
      query: "Ada",
    }),
  get_response: (client) => client.responses.list({ uid: "f1", ids: ["t1"] }),
  delete_responses: (client) => client.responses.delete({ uid: "f1", ids: ["t1", "t2"] }),
  list_workspaces: (client) => client.workspaces.list({ page: 1, pageSize: 20, search: "team" }),
  create_workspace: (client) => client.workspaces.add({ name: "Team" }),
  list_webhooks: (client) => client.webhooks.list({ uid: "f1" }),
  set_webhook: (client) =>
    client.webhooks.create({ uid: "f1", tag: "crm", url: "https://example.com/hook", enabled: true, secret: "s" }),
  delete_webhook: (client) => client.webhooks.delete({ uid: "f1", tag: "crm" }),
};
