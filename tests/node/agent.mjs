// One MCP client with a test's hand on it. The first line of input says which: {package, url, token, era, opensUrls}.
// Every further line is {id, list: true} or {id, call: {name, arguments}}, answered by {id, result} or {id, error}; or it
// is {opened: action}, what the person did with the last URL. Besides answers, these lines are written as things happen:
// {connected: version}, {listening: true} (a stream of changes is open), {changed: true}, {open: url}.
import { createInterface } from "node:readline";

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const wanted = JSON.parse((await lines.next()).value);

let personDid;
const askPerson = ({ params }) => {
  say({ open: params.url });
  return new Promise((resolve) => (personDid = (action) => resolve({ action })));
};
const changed = () => say({ changed: true });

// Tells when a stream of changes is open: the GET of the handshake revisions.
const watchedFetch = async (address, request) => {
  const response = await fetch(address, request);
  if ((request?.method ?? "GET") === "GET" && response.ok) say({ listening: true });
  return response;
};

const about = { name: "toolgate-tests", version: "1.0.0" };
const capabilities = wanted.opensUrls ? { elicitation: { form: {}, url: {} } } : {};
const connecting = { fetch: watchedFetch, requestInit: { headers: { Authorization: `Bearer ${wanted.token}` } } };

async function connectWithSdk() {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  const types = await import("@modelcontextprotocol/sdk/types.js");
  const client = new Client(about, { capabilities });
  if (wanted.opensUrls) client.setRequestHandler(types.ElicitRequestSchema, askPerson);
  client.setNotificationHandler(types.ToolListChangedNotificationSchema, changed);
  const transport = new StreamableHTTPClientTransport(new URL(wanted.url), connecting);
  await client.connect(transport);
  return [client, transport.protocolVersion];
}

async function connectWithClient() {
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const negotiation = wanted.era === "auto" ? { versionNegotiation: { mode: "auto" } } : {};
  const client = new Client(about, { capabilities, ...negotiation });
  if (wanted.opensUrls) client.setRequestHandler("elicitation/create", askPerson);
  client.setNotificationHandler("notifications/tools/list_changed", changed);
  await client.connect(new StreamableHTTPClientTransport(new URL(wanted.url), connecting));
  if (wanted.era === "auto") {
    await client.listen({ toolsListChanged: true });
    say({ listening: true });
  }
  return [client, client.getNegotiatedProtocolVersion()];
}

async function answer({ id, list, call }) {
  try {
    say({ id, result: list ? await client.listTools() : await client.callTool(call) });
  } catch (error) {
    say({ id, error: { code: error.code, message: error.message, data: error.data } });
  }
}

const [client, version] = await (wanted.package === "sdk" ? connectWithSdk() : connectWithClient());
say({ connected: version });
for await (const line of lines) {
  const asked = JSON.parse(line);
  if (asked.opened) personDid(asked.opened);
  else void answer(asked);
}
process.exit(0);
