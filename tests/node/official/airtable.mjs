// Airtable's own client. It knows records; bases, tables and comments are not in it.
import Airtable from "airtable";

export const address = Airtable.default_config().endpointUrl;

export const connect = (at) => new Airtable({ apiKey: "pat1", endpointUrl: at }).base("app1")("Tasks & more");

export const calls = {
  list_records: (table) =>
    table
      .select({
        view: "Open",
        filterByFormula: '{Status} = "Done"',
        maxRecords: 50,
        sort: [{ field: "Due", direction: "asc" }],
        fields: ["Name", "Due"],
        pageSize: 100,
      })
      .firstPage(),
  find_record: (table) =>
    table
      .select({ filterByFormula: '{Email} = "ada@example.com"', maxRecords: 10, sort: [{ field: "Name" }] })
      .firstPage(),
  get_record: (table) => table.find("rec1"),
  create_record: (table) => table.create({ Name: "Ada" }, { typecast: true }),
  create_records: (table) => table.create([{ fields: { Name: "Ada" } }, { fields: { Name: "Bob" } }]),
  update_record: (table) => table.update("rec1", { Status: "Done" }),
  update_records: (table) => table.update([{ id: "rec1", fields: { Status: "Done" } }]),
  delete_record: (table) => table.destroy("rec1"),
  delete_records: (table) => table.destroy(["rec1", "rec2"]),
  upload_attachment: async (table) => {
    const record = await table.find("rec1");
    await table.update("rec1", {
      Files: [...record.get("Files").map(({ id }) => ({ id })), { url: "https://example.com/plan.pdf" }],
    });
  },
};
