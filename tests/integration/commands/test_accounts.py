"""Who may sign in and who no more, decided from the terminal."""

import pytest

from tests.fakes.house import House
from tests.integration.commands.conftest import Terminal


def test_a_link_is_printed_for_whoever_is_named_by_id_or_by_a_name_that_only_she_has(
    anling: Terminal, house: House
) -> None:
    first, second = anling("invite", "wang-daughter"), anling("invite", "王女士")

    assert (first.status, second.status) == (0, 0)
    assert "/family#i/" in first.out
    [_], [_] = first.links, second.links
    links = anling.rows("SELECT account_id, ends_at > made_at + interval '6 days' FROM invitation")
    assert sorted(links) == [(house.daughter, False), (house.daughter, True)], "the first works no more"


@pytest.mark.parametrize("command", ["invite", "reset-password", "disable", "enable"])
def test_who_does_not_exist_is_refused_with_who_may_be_meant(anling: Terminal, command: str) -> None:
    near, none = anling(command, "wang-dauhgter"), anling(command, "xyzzy")

    assert (near.status, near.err) == (
        1,
        "there is no account wang-dauhgter: did you mean wang-daughter (王女士)?\n",
    )
    assert (none.status, none.err) == (1, "there is no account xyzzy\n")


def test_a_name_that_two_people_have_is_refused_with_their_ids(anling: Terminal) -> None:
    anling.write("UPDATE account SET name = '刘芳' WHERE id = 'sun'")

    said = anling("disable", "刘芳")

    assert said.err == "刘芳 is the name of several: liu (刘芳), sun (刘芳). Give the id of the one you mean\n"
    assert anling.rows("SELECT id FROM account WHERE NOT active") == []


def test_what_is_not_for_this_account_says_which_command_is(anling: Terminal) -> None:
    anling.write("UPDATE account SET password_hash = 'x' WHERE id = 'zhou'")
    anling.write("UPDATE account SET active = false WHERE id = 'chen'")

    assert "./anling reset-password zhou" in anling("invite", "zhou").err
    assert "./anling invite wang-daughter" in anling("reset-password", "wang-daughter").err
    assert "./anling enable chen" in anling("invite", "chen").err
    assert "./anling enable chen" in anling("reset-password", "chen").err
    assert anling("disable", "chen").err == "陈刚 (chen) is disabled already\n"
    assert anling("enable", "zhou").err == "周敏 (zhou) is not disabled\n"
    assert anling.rows("SELECT FROM ledger_access") == []


def test_a_reset_prints_a_link_and_ends_the_old_password(anling: Terminal) -> None:
    anling.write("UPDATE account SET password_hash = 'x' WHERE id = 'zhou'")

    said = anling("reset-password", "zhou")

    assert (said.status, len(said.links)) == (0, 1)
    assert anling.rows("SELECT password_hash FROM account WHERE id = 'zhou'") == [(None,)]


def test_disabling_says_which_tiers_have_nobody_left(anling: Terminal) -> None:
    """Of the shipped tiers, secondary duty and team lead have one person each in the small centre."""
    of_zhou, of_sun = anling("disable", "zhou"), anling("disable", "孙丽")

    assert of_zhou.out.splitlines()[0] == (
        "周敏 (zhou) is disabled: signed out everywhere, and told of nothing any more."
    )
    assert "Nobody is left on tier 1 of the opening hours: duty:primary" in of_zhou.out
    assert "duty:lead" in of_sun.out
    assert "duty:primary" not in of_sun.out, "that was so before"
    assert "./anling roster gaps" in of_sun.out


def test_disabling_the_last_administrator_says_how_to_make_one(anling: Terminal) -> None:
    anling.write("UPDATE account SET role = 'administrator' WHERE id = 'chen'")

    assert "./anling administrator" not in anling("disable", "chen").out
    assert "./anling administrator" in anling("disable", "admin").out


def test_messages_that_wait_for_her_are_withdrawn_and_hers_alone(anling: Terminal, house: House) -> None:
    anling.write(
        "INSERT INTO contact_method SELECT 'cm-' || id, id, 'webhook', 'http://127.0.0.1:1/' || id, now() "
        "FROM account WHERE id IN ('zhou', 'chen')"
    )
    queue = """
        INSERT INTO notification (id, centre_id, alarm_id, n, account_id, contact_method_id, channel, priority,
                                  template, params, state, next_at, made_at)
        SELECT 'n-' || account.id || row_number() OVER (), 'jiuquan-road', %s, row_number() OVER (), account.id,
               'cm-' || account.id, 'webhook', 'P1', 'alarm', '{}', 'queued', now(), now()
          FROM account WHERE id IN ('zhou', 'chen')
    """
    anling.write("""
        INSERT INTO alarm (id, centre_id, key, klass, number, priority, state, version, epoch, tier, policy, rule_id,
                           summary, opened_at, open_since, changed_at)
        VALUES ('a-01jdbkz4f00000000000000000', 'jiuquan-road', 'k', 'help', '23-01', 'P1', 'open', 1, 1, 0, '{}',
                'press', '{}', now(), now(), now());
        INSERT INTO alarm_timer VALUES ('i-1', 'a-01jdbkz4f00000000000000000', 'repeat', now(), 1, now())
    """)
    anling.write(queue, "a-01jdbkz4f00000000000000000")

    anling("disable", "zhou")

    assert sorted(anling.rows("SELECT account_id, state FROM notification")) == [
        (house.chen, "queued"),
        (house.zhou, "dead"),
    ]


def test_without_a_centre_a_command_says_what_to_do_first(empty_centre: Terminal) -> None:
    said = empty_centre("invite", "zhou")

    assert (said.status, said.err) == (
        1, "there is no centre yet: write its file and run ./anling import centre.yaml\n",
    )  # fmt: skip
