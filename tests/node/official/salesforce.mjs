// Salesforce's own client. An organization has an address of its own, which the client is told with the token.
import jsforce from "@jsforce/jsforce-node";

const connection = (instanceUrl) => new jsforce.Connection({ instanceUrl, accessToken: "token1", version: "60.0" });

export const address = connection("https://acme.my.salesforce.com").instanceUrl;

export const connect = connection;

export const calls = {
  list_objects: (org) => org.describeGlobal(),
  describe_object: (org) => org.sobject("Account").describe(),
  run_query: (org) => org.query("SELECT Id FROM Account LIMIT 5"),
  find_record: (org) =>
    org.query("SELECT FIELDS(ALL) FROM Contact WHERE LastName = 'O\\'Neil \\\\ Co' LIMIT 20"),
  find_records_by_query: (org) => org.query("SELECT FIELDS(ALL) FROM Account WHERE Industry = 'Energy' LIMIT 50"),
  get_record: (org) => org.sobject("Account").retrieve("001A"),
  create_record: (org) => org.sobject("Account").create({ Name: "Acme" }),
  update_record: (org) => org.sobject("Account").update({ Id: "001A", BillingCity: "Paris" }),
  delete_record: (org) => org.sobject("Account").destroy("001A"),
  create_contact: (org) =>
    org
      .sobject("Contact")
      .create({ LastName: "Lovelace", FirstName: "Ada", Email: "ada@example.com", Department: "R&D" }),
  update_contact: (org) => org.sobject("Contact").update({ Id: "003A", Phone: "+15550100" }),
  create_lead: (org) => org.sobject("Lead").create({ LastName: "Lovelace", Company: "Acme", LeadSource: "Web" }),
  update_lead: (org) => org.sobject("Lead").update({ Id: "00QA", Company: "Acme", Rating: "Hot" }),
  add_contact_to_campaign: (org) =>
    org.sobject("CampaignMember").create({ CampaignId: "701A", ContactId: "003A", Status: "Sent" }),
  add_lead_to_campaign: (org) =>
    org.sobject("CampaignMember").create({ CampaignId: "701A", LeadId: "00QA", Status: "Sent" }),
  create_opportunity: (org) =>
    org
      .sobject("Opportunity")
      .create({ Name: "Deal", CloseDate: "2026-12-31", StageName: "Prospecting", Amount: 1000 }),
  delete_opportunity: (org) => org.sobject("Opportunity").destroy("006A"),
  create_case: (org) => org.sobject("Case").create({ Subject: "Broken", Priority: "High" }),
  create_task: (org) =>
    org
      .sobject("Task")
      .create({ Subject: "Call", OwnerId: "005A", Status: "Not Started", Priority: "Normal", WhoId: "003A" }),
  create_note: async (org) => {
    await org.sobject("Account").retrieve("001A", { fields: ["Id"] });
    await org.sobject("Note").create({ ParentId: "001A", Title: "Plan", Body: "All of it" });
  },
};
