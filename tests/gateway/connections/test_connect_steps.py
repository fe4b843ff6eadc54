"""What a browser has begun: its own, once, for ten minutes; told apart from every other case."""

from datetime import UTC, datetime

import pytest

from gateway.connections.connect_steps import LIFETIME, ConnectSteps, StepFault, StepKind, StepLost
from gateway.wiring import Gateway
from storage.scope import TenantScope
from tests.flows.product import open_product
from tests.parts.rest import Rest

CARRIED = {"token": "eut_x", "offer_key": "acme", "verifier": "a secret"}
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Desk:
    """Steps of one workspace, with a clock that is moved by hand."""

    def __init__(self, gateway: Gateway, scope: TenantScope, workspace_id: str) -> None:
        self.now = NOON
        self.steps = ConnectSteps(gateway.database, cipher=gateway.cipher, clock=lambda: self.now)
        self._scope = scope
        self._workspace_id = workspace_id

    async def begin(self, kind: StepKind = StepKind.HOP, integration: str = "acme") -> str:
        return await self.steps.begin(
            kind,
            CARRIED,
            scope=self._scope,
            workspace_id=self._workspace_id,
            browser="mine",
            integration_name=integration,
        )

    async def take(self, key: str, browser: str = "mine", kind: StepKind = StepKind.HOP, name: str = "acme") -> object:
        return await self.steps.take(kind, key, browser=browser, integration_name=name)

    async def fault(self, key: str, browser: str = "mine", **at: str) -> StepLost:
        with pytest.raises(StepLost) as caught:
            await self.take(key, browser, **at)  # type: ignore[arg-type]
        return caught.value


@pytest.fixture
async def desk(gateway: Gateway, anonymous: Rest) -> Desk:
    product = await open_product(anonymous)
    async with gateway.database.read() as tx:
        [organization] = await tx.organizations.all()
    return Desk(gateway, TenantScope(organization.id), product.workspace_id)


async def test_the_browser_that_began_gets_what_it_left_once(desk: Desk) -> None:
    key = await desk.begin()
    assert await desk.take(key) == CARRIED
    lost = await desk.fault(key)
    assert lost.fault is StepFault.TAKEN
    assert lost.way_back == {"token": "eut_x", "offer_key": "acme"}


async def test_another_browser_gets_and_spends_nothing(desk: Desk) -> None:
    key = await desk.begin()
    lost = await desk.fault(key, "another")
    assert (lost.fault, lost.way_back) == (StepFault.OF_ANOTHER_BROWSER, {})
    assert await desk.take(key) == CARRIED


async def test_after_ten_minutes_it_is_too_late(desk: Desk) -> None:
    key = await desk.begin()
    desk.now += LIFETIME
    assert (await desk.fault(key)).fault is StepFault.EXPIRED


async def test_of_what_was_never_begun_nothing_is_known(desk: Desk) -> None:
    assert (await desk.fault("forged")).fault is StepFault.UNKNOWN


async def test_a_step_counts_for_its_own_kind_and_provider_only(desk: Desk) -> None:
    key = await desk.begin()
    assert (await desk.fault(key, kind=StepKind.REPLACE)).fault is StepFault.UNKNOWN
    assert (await desk.fault(key, name="slack")).fault is StepFault.UNKNOWN
    assert await desk.take(key) == CARRIED


async def test_looking_spends_nothing_and_tells_the_same_faults(desk: Desk) -> None:
    key = await desk.begin()
    for _ in range(2):
        carried = await desk.steps.look(StepKind.HOP, key, browser="mine", integration_name="acme")
        assert carried == CARRIED
    with pytest.raises(StepLost) as caught:
        await desk.steps.look(StepKind.HOP, key, browser="another", integration_name="acme")
    assert caught.value.fault is StepFault.OF_ANOTHER_BROWSER


async def test_what_is_kept_of_a_taken_step_holds_nothing_that_could_be_spent(desk: Desk, gateway: Gateway) -> None:
    key = await desk.begin()
    await desk.take(key)
    lost = await desk.fault(key)
    assert "verifier" not in lost.way_back
