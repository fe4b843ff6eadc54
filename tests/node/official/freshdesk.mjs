// Freshworks' own client. It knows no other protocol than https, so what it hands to Node is sent to loopback here.
import http from "node:http";
import https from "node:https";
import Freshdesk from "@freshworks/freshdesk";

export let address;
let loopback;

https.request = (options, ...rest) => {
  address = `https://${options.host}`;
  if (!loopback) throw new Error("nobody is connected yet");
  const { hostname, port } = new URL(loopback);
  return http.request({ ...options, protocol: "http:", host: hostname, port, agent: undefined }, ...rest);
};

export const connect = (at) => {
  loopback = at;
  return new Freshdesk({ domain: "acme.freshdesk.com", api_key: "fd-key" });
};

// The client does not tell where it goes: its first request does.
await new Freshdesk({ domain: "acme.freshdesk.com", api_key: "fd-key" }).tickets.getTicket(1).catch(() => {});

export const calls = {
  list_tickets: (client) => client.tickets.listTickets({ updatedSince: "2026-11-01T00:00:00Z" }),
  search_tickets: (client) => client.tickets.searchTicket('"status:2"'),
  get_ticket: (client) => client.tickets.getTicket(7, { include: "conversations" }),
  create_ticket: (client) =>
    client.tickets.createTicket({
      subject: "Help",
      description: "It smokes",
      email: "ada@example.com",
      status: 2,
      priority: 3,
      tags: ["fire"],
    }),
  update_ticket: (client) => client.tickets.updateTicket(7, { status: 4, priority: 1, responder_id: 9, tags: ["done"] }),
  reply_to_ticket: (client) => client.tickets.replyTicket(7, { body: "On our way" }),
  add_note: (client) => client.tickets.addNotes(7, { body: "Bring water", private: true }),
  list_contacts: (client) =>
    client.contacts.getAllContacts({ perPage: 50, email: "ada@example.com", updatedSince: "2026-11-01T00:00:00Z" }),
};
