// Calls a provider's own client: `official.mjs NAME ADDRESS`, then one name of an action per line of input.
// Says first where the client goes of its own accord, then `done` after each call. tests/integrations/catalog/official_node.py.
import { createInterface } from "node:readline";

const [name, at] = process.argv.slice(2);
const { address, connect, calls } = await import(`./official/${name}.mjs`);
console.log(JSON.stringify({ address, calls: Object.keys(calls) }));

for await (const action of createInterface({ input: process.stdin })) {
  try {
    await calls[action](connect(at));
  } catch (error) {
    // What the client makes of a bare answer is its own affair; that it asked nothing is found by the test.
    console.error(`${action}: ${error}`);
  }
  console.log("done");
}
process.exit(0);
