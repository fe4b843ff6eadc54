// Calls a provider's own client: `official.mjs MODULE ADDRESS`, then one name of an action per line of input.
// Says first where the client goes of its own accord and what it has calls for, then `done` after each call.
// tests/integrations/catalog/official_node.py starts it.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [module, at] = process.argv.slice(2);
const { address, connect, calls } = await import(pathToFileURL(module));
console.log(JSON.stringify({ address, calls: Object.keys(calls) }));

const patience = (action) =>
  new Promise((_, refuse) => setTimeout(() => refuse(new Error(`no end of ${action} in sight`)), 20_000).unref());

for await (const action of createInterface({ input: process.stdin })) {
  try {
    await Promise.race([calls[action](connect(at)), patience(action)]);
  } catch (error) {
    // What the client makes of a bare answer is its own affair; that it asked nothing is found by the test.
    console.error(`${action}: ${error}`);
  }
  console.log("done");
}
process.exit(0);
