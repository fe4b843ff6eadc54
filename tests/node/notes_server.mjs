// A remote MCP server of the handshake revisions, made with the TypeScript SDK: each key has notes of its own.
// Keys are `<person>-key`, in X-Api-Key; everybody else gets 401. Prints its port.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

const notes = new Map();
const sessions = new Map();
const said = (text) => ({ content: [{ type: "text", text }] });

function serverFor(person) {
  const server = new McpServer({ name: "notes", version: "1.0.0" }, { instructions: "Notes of one person." });
  const own = () => notes.get(person) ?? notes.set(person, []).get(person);

  server.registerTool(
    "whoami",
    {
      title: "Who am I",
      description: "Tells whose notes these are.",
      outputSchema: { person: z.string() },
      annotations: { readOnlyHint: true },
    },
    async () => ({ ...said(person), structuredContent: { person } }),
  );
  server.registerTool(
    "add",
    { description: "Keeps a note.", inputSchema: { text: z.string().describe("What to keep.") } },
    async ({ text }) => said(`${person} has ${own().push(text)} notes`),
  );
  server.registerTool("sign", { description: "Asks for a name and signs with it." }, async () => {
    const asked = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };
    const answer = await server.server.elicitInput({ message: "Sign as whom?", requestedSchema: asked });
    return said(answer.action === "accept" ? `signed: ${answer.content.name}` : `not signed: ${answer.action}`);
  });
  server.registerTool("sort", { description: "Takes a while." }, async (extra) => {
    const progressToken = extra._meta?.progressToken;
    for (const progress of [1, 2, 3])
      if (progressToken !== undefined)
        await extra.sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: 3 } });
    return said("sorted");
  });
  server.registerResource("all", "notes://all", { description: "All notes." }, async (uri) => ({
    contents: [{ uri: uri.href, text: own().join("\n") }],
  }));
  server.registerPrompt("sum-up", { description: "Sums the notes up." }, async () => ({
    messages: [{ role: "user", content: { type: "text", text: `Sum up what ${person} wrote.` } }],
  }));
  return server;
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
}

createServer(async (request, response) => {
  const person = /^(\w+)-key$/.exec(request.headers["x-api-key"] ?? "")?.[1];
  if (!person) return response.writeHead(401).end();
  const known = sessions.get(request.headers["mcp-session-id"]);
  if (request.headers["mcp-session-id"] && known?.person !== person) return response.writeHead(404).end();
  let transport = known?.transport;
  if (!transport) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, { person, transport }),
    });
    await serverFor(person).connect(transport);
  }
  await transport.handleRequest(request, response, await body(request));
}).listen(0, "127.0.0.1", function () {
  console.log(this.address().port);
});
