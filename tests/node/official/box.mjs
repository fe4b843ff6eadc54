// Box's own client.
import { Readable } from "node:stream";
import { BoxClient, BoxDeveloperTokenAuth } from "box-node-sdk";
import { BaseUrls } from "box-node-sdk/networking/baseUrls";
import { dateTimeFromString } from "box-node-sdk/internal/utils";

export const address = new BaseUrls({}).baseUrl;

export const connect = (at) =>
  new BoxClient({ auth: new BoxDeveloperTokenAuth({ token: "t0ken" }) }).withCustomBaseUrls(
    new BaseUrls({ baseUrl: at, uploadUrl: `${at}/api`, oauth2Url: at }),
  );

export const calls = {
  search: (client) =>
    client.search.searchForContent({
      query: "offer",
      limit: 20,
      offset: 20,
      type: "file",
      fields: ["type", "id", "name", "size", "modified_at", "parent"],
    }),
  list_folder_items: (client) =>
    client.folders.getFolderItems("1", { queryParams: { limit: 20, offset: 20, fields: ["name", "size"] } }),
  get_file_info: (client) => client.files.getFileById("2", { queryParams: { fields: ["name", "size"] } }),
  get_folder_info: (client) => client.folders.getFolderById("1"),
  get_metadata_instances: (client) => client.fileMetadata.getFileMetadata("2"),
  get_current_user: (client) => client.users.getUserMe(),
  upload_text_file: (client) =>
    client.uploads.uploadFile({
      attributes: { name: "grüße.txt", parent: { id: "1" } },
      file: Readable.from([Buffer.from("Grüße")]),
      fileFileName: "grüße.txt",
      fileContentType: "text/markdown",
    }),
  create_folder: (client) => client.folders.createFolder({ name: "New", parent: { id: "1" } }),
  copy_file: (client) => client.files.copyFile("2", { parent: { id: "1" }, name: "copy.txt" }),
  copy_folder: (client) => client.folders.copyFolder("3", { parent: { id: "1" } }),
  update_file_info: (client) =>
    client.files.updateFileById("2", { requestBody: { name: "new.txt", parent: { id: "1" } } }),
  update_folder_info: (client) => client.folders.updateFolderById("3", { requestBody: { description: "Plans" } }),
  create_shared_link: (client) =>
    client.files.updateFileById("2", {
      requestBody: { sharedLink: { access: "company" } },
      queryParams: { fields: ["shared_link"] },
    }),
  delete_file: (client) => client.files.deleteFileById("2"),
  delete_folder: (client) => client.folders.deleteFolderById("3", { queryParams: { recursive: true } }),
  create_comment: (client) => client.comments.createComment({ message: "Fine", item: { id: "2", type: "file" } }),
  list_file_comments: (client) => client.comments.getFileComments("2", { queryParams: { limit: 100, offset: 0 } }),
  create_task: (client) =>
    client.tasks.createTask({
      item: { id: "2", type: "file" },
      action: "complete",
      message: "Please",
      dueAt: dateTimeFromString("2026-11-30T12:00:00+00:00"),
    }),
  create_collaboration: (client) =>
    client.userCollaborations.createCollaboration(
      { item: { id: "3", type: "folder" }, accessibleBy: { type: "user", login: "ada@example.com" }, role: "viewer" },
      { queryParams: { notify: false } },
    ),
  list_collaborations: (client) =>
    client.listCollaborations.getFileCollaborations("2", { queryParams: { limit: 20, marker: "m1" } }),
  create_webhook: (client) =>
    client.webhooks.createWebhook({
      target: { id: "3", type: "folder" },
      address: "https://example.com/box",
      triggers: ["FILE.UPLOADED"],
    }),
  list_webhooks: (client) => client.webhooks.getWebhooks({ limit: 20, marker: "m1" }),
  delete_webhook: (client) => client.webhooks.deleteWebhookById("4"),
};
