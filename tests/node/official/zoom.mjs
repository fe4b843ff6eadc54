// Zoom's own client: one for each of its products.
import { MeetingsOAuthClient } from "@zoom/rivet/meetings";
import { UsersOAuthClient } from "@zoom/rivet/users";

const store = {
  getLatestToken: () => ({
    accessToken: "token1",
    refreshToken: "token2",
    expirationTimeIso: new Date(Date.now() + 3_600_000).toISOString(),
    scopes: [],
  }),
  storeToken: () => {},
};
const app = { clientId: "id", clientSecret: "secret", installerOptions: {} };
const options = { ...app, tokenStore: store, disableReceiver: true };
const endpoints = (more) => ({
  ...new MeetingsOAuthClient({ ...options, ...more }).endpoints,
  users: new UsersOAuthClient({ ...options, ...more }).endpoints.users,
});

export const address = new URL(new MeetingsOAuthClient(options).endpoints.options.baseUrl).origin;

export const connect = (at) => endpoints({ baseUrl: `${at}/v2` });

const page = { page_size: 50, next_page_token: "t1" };
const me = { userId: "me" };
const meeting = { meetingId: "85" };
const webinar = { webinarId: "95" };
const launch = { topic: "Launch", type: 5 };

export const calls = {
  list_meetings: ({ meetings }) => meetings.listMeetings({ path: me, query: { type: "upcoming", ...page } }),
  get_meeting: ({ meetings }) =>
    meetings.getMeeting({ path: meeting, query: { occurrence_id: "o1", show_previous_occurrences: true } }),
  zoom_create_meeting: ({ meetings }) =>
    meetings.createMeeting({
      path: me,
      body: {
        topic: "Launch",
        start_time: "2026-12-01T10:00:00Z",
        duration: 30,
        timezone: "Europe/Paris",
        agenda: "All of it",
        password: "secret",
        type: 2,
        settings: { waiting_room: true, auto_recording: "cloud" },
      },
    }),
  update_meeting: ({ meetings }) =>
    meetings.updateMeeting({ path: meeting, query: { occurrence_id: "o1" }, body: { topic: "Launch" } }),
  delete_meeting: ({ meetings }) =>
    meetings.deleteMeeting({ path: meeting, query: { occurrence_id: "o1", schedule_for_reminder: false } }),
  get_meeting_invitation: ({ meetings }) => meetings.getMeetingInvitation({ path: meeting }),
  list_meeting_registrants: ({ meetings }) =>
    meetings.listMeetingRegistrants({ path: meeting, query: { status: "approved", ...page } }),
  zoom_create_meeting_registrant: ({ meetings }) =>
    meetings.addMeetingRegistrant({
      path: meeting,
      body: { email: "ada@example.com", first_name: "Ada", org: "Acme" },
    }),
  update_meeting_registrant_status: ({ meetings }) =>
    meetings.updateRegistrantsStatus({
      path: meeting,
      body: { action: "approve", registrants: [{ id: "r1", email: "ada@example.com" }] },
    }),
  list_user_recordings: ({ cloudRecording }) =>
    cloudRecording.listAllRecordings({
      path: { userId: "u1" },
      query: { from: "2026-11-01", to: "2026-11-21", trash: true, ...page },
    }),
  get_meeting_recordings: ({ cloudRecording }) => cloudRecording.getMeetingRecordings({ path: meeting }),
  get_recording_settings: ({ cloudRecording }) => cloudRecording.getMeetingRecordingSettings({ path: meeting }),
  list_webinars: ({ webinars }) => webinars.listWebinars({ path: { userId: "u1" }, query: page }),
  get_webinar: ({ webinars }) => webinars.getWebinar({ path: webinar }),
  create_webinar: ({ webinars }) => webinars.createWebinar({ path: me, body: launch }),
  update_webinar: ({ webinars }) => webinars.updateWebinar({ path: webinar, body: launch }),
  delete_webinar: ({ webinars }) => webinars.deleteWebinar({ path: webinar, query: { occurrence_id: "o1" } }),
  list_webinar_registrants: ({ webinars }) =>
    webinars.listWebinarRegistrants({ path: webinar, query: { status: "pending", ...page } }),
  create_webinar_registrant: ({ webinars }) =>
    webinars.addWebinarRegistrant({ path: webinar, body: { email: "ada@example.com", first_name: "Ada" } }),
  list_users: ({ users }) => users.listUsers({ query: { status: "active", ...page } }),
  get_user: ({ users }) => users.getUser({ path: { userId: "ada@example.com" } }),
};
