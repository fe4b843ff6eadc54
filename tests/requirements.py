"""What the product documents promise, one line each; a test claims a promise by `@pytest.mark.promise("000-1")`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Promise:
    """A requirement in a sentence, and the document that it comes from."""

    sentence: str
    source: str


_SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "Managing end users": {
        "000-1": "a workspace is made from name and slug with an API key",
        "000-2": "an integration is added by name and strategy per_user alone",
        "000-3": "an end user is made with the product's id, a name and an address",
        "000-4": "a connect link for one integration is made for an end user",
        "000-5": "paths take our id of an end user, executions the product's",
        "000-6": "of several aliases of an integration one is picked by its id",
        "000-7": "the connect page works in a popup and by redirect",
        "000-8": "after consent on the connect page the account belongs to the end user with no further call",
        "000-9": "executing for an end user uses that person's own account",
        "000-10": "an invitation by mail carries a connect link",
        "000-11": "an end user is shown with the accounts that are connected",
        "000-12": "signing in by OAuth makes an MCP session that stands for one end user",
        "000-13": "clients without OAuth get a token per end user",
        "000-14": "restricted servers let in only end users who exist already",
        "000-15": "a returning account is matched by its link or its verified address, and linked",
        "000-16": "open servers make an unknown end user while signing in",
        "000-17": "an MCP server is made with mode, auth mode and access",
        "000-18": "one address serves clients that sign in and clients that hold a token",
        "000-19": "a token takes the product's id of the end user, scopes and a lifetime",
        "000-20": "a tool call without an account is answered with where to connect one",
        "000-21": "the same session's retry succeeds once the account is connected",
        "000-22": "a static token serves programs and stands for no end user",
        "000-23": "workspaces keep integrations, connections and end users apart",
        "000-24": "in one workspace some integrations insist on an own account while others fall back to a shared one",
        "000-25": "deleting an end user removes that person's connections",
    },
    "End users": {
        "001-1": "end users stand for customers, who connect accounts of their own",
        "001-2": "an end user owns connections, which go when the end user goes",
        "001-3": "a connect link is made per end user",
        "001-4": "naming an end user in an execution picks the right account",
        "001-5": "all connections of an end user stand in one place",
        "001-6": "an MCP server may be made for one end user",
        "001-7": "end users are external with the product's id, or members with an account of the gateway",
        "001-8": "the product's id is unique in its workspace and may recur in another",
        "001-9": "an end user carries an object of the product's own",
        "001-10": "completing a hosted connect for an unknown id makes the end user",
        "001-11": "a connect link may be for one integration only",
        "001-12": "a connect link without one shows every integration of the workspace",
        "001-13": "what is connected through the portal belongs to the end user",
        "001-14": "fixed: everybody shares one account",
        "001-15": "per_user: only the own account counts",
        "001-16": "per_user_with_fallback: the own account, else the shared one",
        "001-17": "an invitation names the integration that is to be connected",
    },
    "Organizations and workspaces": {
        "002-1": "organizations hold workspaces",
        "002-2": "everything belongs to an organization, and another one sees none of it",
        "002-3": "there may be many organizations",
        "002-4": "an organization holds keys, workspaces, end users, connections, servers, triggers and members",
        "002-5": "keys open the whole organization, or the workspaces they list",
        "002-6": "a workspace integration has a strategy and optionally connection, alias and allowed actions",
        "002-7": "a fixed integration pins a connection",
        "002-8": "what is connected in a workspace is seen only there",
        "002-9": "end users and their connections belong to a workspace",
        "002-10": "triggers may belong to a workspace",
        "002-11": "an MCP server's tools come from its workspace",
        "002-12": "servers follow every change of the workspace's integrations by themselves",
        "002-13": "owners, admins and members may do different things",
        "002-14": "members are invited by address and role",
        "002-15": "one customer per workspace, shared workspaces and mixtures of both work",
        "002-16": "end users are made by REST, or by the portal on the fly",
        "002-17": "a connection of the organization is made from an access token, under the product's own id",
        "002-18": "a connection is found by integration, workspace and the product's id of it",
        "002-19": "an execution may name the connection by the product's id of it",
        "002-20": "secrets stay on the server, hashed or sealed, and are shown once",
    },
    "Identifier model": {
        "003-1": "our id of an end user appears in paths only",
        "003-2": "endUserId in requests is the product's id",
        "003-3": "tokens are made for the product's id or ours",
        "003-4": "connectionId pins a connection, connectionExternalId selects one",
        "003-5": "a workspace integration is picked by its id, or by its readable alias",
        "003-6": "workspace, alias and end user are enough to execute",
        "003-7": "workspace and connectionExternalId target exactly that connection",
        "003-8": "an alias with a fixed connection is configured by the connection's id",
        "003-9": "built-in state is kept per end user, per workspace, or under a key of the product's",
        "003-10": "that key never stands for a user or a connection",
        "003-11": "a connection's external id never stands for a user",
    },
    "Users and directories": {
        "004-1": "the product's users are mirrored, without passwords",
        "004-2": "whoever is authenticated has a record",
        "004-3": "users are added on the fly, or synchronised ahead",
        "004-4": "users are added, changed and removed by REST",
        "004-5": "adding users costs nothing; only active ones are counted",
        "004-6": "a strict mode refuses user ids with spaces or of digits only",
        "004-7": "a user is found, changed and given tokens by the product's id",
        "004-8": "directories keep organizations within one environment apart",
        "004-9": "a user is in one directory at a time",
        "004-10": "users of one directory meet; of several only where something is shared",
    },
}

PROMISES: Final[Mapping[str, Promise]] = {
    promise_id: Promise(sentence, source)
    for source, sentences in _SENTENCES.items()
    for promise_id, sentence in sentences.items()
}

NOT_YET_COVERED: Final = frozenset({
    "001-7",
    "002-4", "002-10", "002-13", "002-14",
    "004-5", "004-6", "004-8", "004-9", "004-10",
})  # fmt: skip
"""Promises of later releases: members, triggers, directories, usage."""
