// One MCP client with a test's hand on it. The first line of input says which: {package, url, token, era, opensUrls};
// {callback, document} in place of the token let it sign its person in: it writes {authorize: url} and waits for
// {authorized: url}, where the browser came out.
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

// Signs its person in where it is given no token: the test is told where to, and says where the browser came out.
class SignIn {
  clientMetadataUrl = wanted.document ?? undefined;
  redirectUrl = wanted.callback;
  clientMetadata = { client_name: "TypeScript agent", redirect_uris: [wanted.callback] };
  state = () => "a-state";
  clientInformation = () => this.client;
  saveClientInformation = (client) => void (this.client = client);
  tokens = () => this.kept;
  saveTokens = (tokens) => void (this.kept = tokens);
  redirectToAuthorization = (address) => say({ authorize: String(address) });
  saveCodeVerifier = (verifier) => void (this.verifier = verifier);
  codeVerifier = () => this.verifier;
  discoveryState = () => this.discovered;
  saveDiscoveryState = (state) => void (this.discovered = state);
}

const bearer = () => ({ requestInit: { headers: { Authorization: `Bearer ${wanted.token}` } } });
const connecting = { fetch: watchedFetch, ...(wanted.token ? bearer() : { authProvider: new SignIn() }) };

// The first attempt sends the person away; once the browser has come back, the second one is let in.
async function connected(makeClient, Transport, finishing) {
  const attempt = async () => {
    const [client, transport] = [makeClient(), new Transport(new URL(wanted.url), connecting)];
    return client.connect(transport).then(
      () => [client, transport],
      (error) => [undefined, transport, error],
    );
  };
  const first = await attempt();
  if (first[0]) return first;
  if (wanted.token) throw first[2];
  const { authorized } = JSON.parse((await lines.next()).value);
  if (!authorized) throw first[2];
  await first[1].finishAuth(finishing(new URL(authorized).searchParams));
  const second = await attempt();
  if (!second[0]) throw second[2];
  return second;
}

async function connectWithSdk() {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  const types = await import("@modelcontextprotocol/sdk/types.js");
  const makeClient = () => {
    const client = new Client(about, { capabilities });
    if (wanted.opensUrls) client.setRequestHandler(types.ElicitRequestSchema, askPerson);
    client.setNotificationHandler(types.ToolListChangedNotificationSchema, changed);
    return client;
  };
  const codeOf = (told) => told.get("code");
  const [client, transport] = await connected(makeClient, StreamableHTTPClientTransport, codeOf);
  return [client, transport.protocolVersion];
}

async function connectWithClient() {
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const negotiation = wanted.era === "auto" ? { versionNegotiation: { mode: "auto" } } : {};
  const makeClient = () => {
    const client = new Client(about, { capabilities, ...negotiation });
    if (wanted.opensUrls) client.setRequestHandler("elicitation/create", askPerson);
    client.setNotificationHandler("notifications/tools/list_changed", changed);
    return client;
  };
  const [client] = await connected(makeClient, StreamableHTTPClientTransport, (told) => told);
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
