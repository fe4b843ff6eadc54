// Pipedrive's own client, both of its versions: leads, notes and users are known to the first only.
import * as v1 from "pipedrive/v1";
import * as v2 from "pipedrive/v2";

export const address = new URL(new v2.DealsApi().basePath).origin;

const apis = (at) => {
  const first = new v1.Configuration({ apiKey: "token1", basePath: `${at}/v1` });
  const second = new v2.Configuration({ apiKey: "token1", basePath: `${at}/api/v2` });
  return {
    deals: new v2.DealsApi(second),
    persons: new v2.PersonsApi(second),
    organizations: new v2.OrganizationsApi(second),
    activities: new v2.ActivitiesApi(second),
    stages: new v2.StagesApi(second),
    pipelines: new v2.PipelinesApi(second),
    leads: new v1.LeadsApi(first),
    notes: new v1.NotesApi(first),
    users: new v1.UsersApi(first),
  };
};
export const connect = apis;

const value = { amount: 1000, currency: "USD" };

export const calls = {
  create_deal: ({ deals }) =>
    deals.addDeal({
      AddDealRequest: {
        title: "Big",
        value: 1000,
        currency: "USD",
        pipeline_id: 1,
        stage_id: 2,
        person_id: 3,
        org_id: 4,
      },
    }),
  get_deal: ({ deals }) => deals.getDeal({ id: 5 }),
  list_deals: ({ deals }) =>
    deals.getDeals({
      status: "open",
      pipeline_id: 1,
      stage_id: 2,
      person_id: 3,
      org_id: 4,
      owner_id: 6,
      updated_since: "2026-11-01T00:00:00Z",
      limit: 100,
    }),
  find_deal: ({ deals }) => deals.searchDeals({ term: "Big" }),
  update_deal: ({ deals }) =>
    deals.updateDeal({ id: 5, UpdateDealRequest: { title: "Bigger", value: 2000, stage_id: 3, status: "won" } }),
  delete_deal: ({ deals }) => deals.deleteDeal({ id: 5 }),
  create_person: ({ persons }) =>
    persons.addPerson({
      AddPersonRequest: {
        name: "Ada",
        emails: [{ value: "ada@example.com", primary: true, label: "work" }],
        phones: [{ value: "+15550100", primary: true, label: "work" }],
        org_id: 4,
      },
    }),
  get_person: ({ persons }) => persons.getPerson({ id: 3 }),
  find_person: ({ persons }) => persons.searchPersons({ term: "Ada" }),
  list_persons: ({ persons }) => persons.getPersons({ org_id: 4, owner_id: 6, limit: 100 }),
  update_person: ({ persons }) => persons.updatePerson({ id: 3, UpdatePersonRequest: { name: "Ada L." } }),
  create_organization: ({ organizations }) =>
    organizations.addOrganization({ AddOrganizationRequest: { name: "Acme", address: { value: "1 Main St" } } }),
  get_organization: ({ organizations }) => organizations.getOrganization({ id: 4 }),
  find_organization: ({ organizations }) => organizations.searchOrganization({ term: "Acme" }),
  list_organizations: ({ organizations }) => organizations.getOrganizations({ owner_id: 6, limit: 100 }),
  update_organization: ({ organizations }) =>
    organizations.updateOrganization({ id: 4, UpdateOrganizationRequest: { name: "Acme, Inc." } }),
  create_lead: ({ leads }) =>
    leads.addLead({
      AddLeadRequest: { title: "Maybe", person_id: 3, organization_id: 4, value, expected_close_date: "2026-12-31" },
    }),
  get_lead: ({ leads }) => leads.getLead({ id: "l1" }),
  list_leads: ({ leads }) => leads.getLeads({ person_id: 3, organization_id: 4, owner_id: 6, limit: 100, start: 0 }),
  update_lead: ({ leads }) => leads.updateLead({ id: "l1", UpdateLeadRequest: { title: "Likely", value } }),
  create_activity: ({ activities }) =>
    activities.addActivity({
      AddActivityRequest: {
        subject: "Call Ada",
        type: "call",
        due_date: "2026-11-30",
        deal_id: 5,
        participants: [{ person_id: 3, primary: true }],
        org_id: 4,
        note: "About the offer",
      },
    }),
  get_activity: ({ activities }) => activities.getActivity({ id: 7 }),
  find_activity: ({ activities }) =>
    activities.getActivities({ owner_id: 6, done: false, limit: 100, sort_by: "id", sort_direction: "desc" }),
  update_activity: ({ activities }) =>
    activities.updateActivity({ id: 7, AddActivityRequest: { subject: "Call Ada again", done: true } }),
  delete_activity: ({ activities }) => activities.deleteActivity({ id: 7 }),
  create_note: ({ notes }) =>
    notes.addNote({ AddNoteRequest: { content: "Wants a quote", deal_id: 5, person_id: 3, org_id: 4 } }),
  get_note: ({ notes }) => notes.getNote({ id: 8 }),
  find_notes: ({ notes }) => notes.getNotes({ deal_id: 5, person_id: 3, org_id: 4, limit: 100, start: 0 }),
  delete_note: ({ notes }) => notes.deleteNote({ id: 8 }),
  list_users: ({ users }) => users.getUsers(),
  list_stages: ({ stages }) => stages.getStages({ pipeline_id: 1, limit: 100 }),
  list_pipelines: ({ pipelines }) => pipelines.getPipelines({ limit: 100 }),
};
