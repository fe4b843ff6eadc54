// Starts emulate's services for the tests. Reads one JSON line {service: {port, baseUrl, seed}} and writes one line when
// all of them listen; then every line "reset" puts the seed back and is answered. Ends when its input ends, so that it
// never outlives the tests.
import { createInterface } from "node:readline";
import { createEmulator } from "emulate";

let running;
for await (const line of createInterface({ input: process.stdin })) {
  if (running) {
    for (const emulator of running) await emulator.reset();
  } else {
    running = await Promise.all(
      Object.entries(JSON.parse(line)).map(([service, { port, baseUrl, seed }]) =>
        createEmulator({ service, port, baseUrl, seed: { [service]: seed.service, tokens: seed.tokens } }),
      ),
    );
  }
  console.log("ready");
}
await Promise.all((running ?? []).map((emulator) => emulator.close()));
process.exit(0);
