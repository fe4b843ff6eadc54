// Sentry's own client: functions, which are told where to go. It leaves the choice of the region to its caller.
import * as sentry from "@sentry/api";

export const address = "https://us.sentry.io";

export const connect = (at) => ({ baseUrl: at, auth: "sntryu_1" });

const path = { organization_id_or_slug: "acme" };
const issue = { ...path, issue_id: "45" };
const release = { ...path, version: "web@1.4/0" };
const file = { ...release, file_id: "7" };

export const calls = {
  list_organizations: (to) => sentry.listYourOrganizations(to),
  list_projects: (to) => sentry.listAnOrganization_sProjects({ ...to, path }),
  list_teams: (to) => sentry.listAnOrganization_sTeams({ ...to, path }),
  list_issues: (to) =>
    sentry.listAnOrganization_sIssues({
      ...to,
      path,
      query: { query: "project:web is:unresolved level:error", sort: "freq", limit: 100 },
    }),
  get_issue: (to) => sentry.retrieveAnIssue({ ...to, path: issue }),
  update_issue: (to) =>
    sentry.updateAnIssue({
      ...to,
      path: issue,
      body: {
        status: "ignored",
        substatus: "archived_forever",
        assignedTo: "team:42",
        priority: "low",
        inbox: false,
        hasSeen: true,
      },
    }),
  resolve_issue: (to) => sentry.updateAnIssue({ ...to, path: issue, body: { status: "resolved" } }),
  bulk_update_issues: (to) =>
    sentry.bulkMutateAnOrganization_sIssues({
      ...to,
      path,
      query: {
        id: [45, 46],
        project: [-1],
        environment: ["production"],
        query: "is:unresolved level:error",
        limit: 10,
      },
      body: { status: "resolved", statusDetails: { inNextRelease: true } },
    }),
  bulk_delete_issues: (to) =>
    sentry.bulkRemoveAnOrganization_sIssues({ ...to, path, query: { id: [45, 46], query: "" } }),
  list_events: (to) => sentry.listAnIssue_sEvents({ ...to, path: issue }),
  get_event: (to) =>
    sentry.retrieveAnEventForAProject({
      ...to,
      path: { ...path, project_id_or_slug: "web", event_id: "e1" },
      query: { environment: ["production", "staging"] },
    }),
  list_releases: (to) => sentry.listAnOrganization_sReleases({ ...to, path }),
  create_release: (to) =>
    sentry.createANewReleaseForAnOrganization({
      ...to,
      path,
      body: { version: "web@1.4/0", projects: ["web"], refs: [{ repository: "acme/web", commit: "abc" }] },
    }),
  list_deploys: (to) => sentry.listARelease_sDeploys({ ...to, path: release }),
  create_deploy: (to) =>
    sentry.createADeploy({
      ...to,
      path: release,
      body: { environment: "production", name: "d1", url: "https://example.com" },
    }),
  list_release_files: (to) => sentry.listAnOrganization_sReleaseFiles({ ...to, path: release }),
  get_release_file: (to) => sentry.retrieveAnOrganizationRelease_sFile({ ...to, path: file }),
  delete_release_file: (to) => sentry.deleteAnOrganizationRelease_sFile({ ...to, path: file }),
};
