"""What does the provers' centre look like? A file that the import takes, with a senior for each trigger."""

import json

from simulators.prove.prover_centre import ProverCentre, name_senior, write_centre_file


def test_each_trigger_is_a_seniors_whose_name_stands_in_no_others() -> None:
    centre = ProverCentre(triggers=3, tier_wait_seconds=40, hooks_url="http://127.0.0.1:9")
    file = json.loads(write_centre_file(centre))

    names = [senior["address_as"] for senior in file["seniors"]]
    assert {name_senior(trigger) for trigger in centre.trigger_ids} < set(names)
    assert len(set(names)) == len(names)
    assert {tier["wait_seconds"] for tier in file["escalation"]["opening_hours"]} == {40}
