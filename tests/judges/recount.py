"""Counts again, from the raw tables and by the words of the counting rules alone.

Usage: recount.py DATABASE < QUESTIONS

A question is a line "AT AS_OF": an event time in seconds and a knowledge in milliseconds since 1970. The answer is one line
for each group of which something was issued by then, with both numbers in front:

    AT AS_OF ORG ALGORITHM PROFILE KIND REASON MEDIUM ISSUED REVOKED VALID PAIRS_ISSUED PAIRS_REVOKED PAIRS_VALID

Nothing is read that is derived: no totals, no current status. Each figure is counted certificate by certificate.
"""

import sqlite3
import sys

# Every certificate, whoever issued it: what it is counted under, its times, the time it was recorded, and whether it stands
# for a pair.
CERTIFICATES = """
SELECT 'ours' AS source, c.serial AS id, c.org, c.algorithm, c.profile, c.holder_kind, c.reason, c.medium,
       c.issued_at, c.not_before, c.not_after, e.at AS recorded,
       c.serial NOT IN (SELECT encryption FROM pair) AS whole
FROM certificate AS c, event AS e WHERE e.seq = c.event
UNION ALL
SELECT 'imported', l.id, l.org, l.algorithm, 'imported', ifnull(l.holder_kind, 'unknown'), 'import',
       ifnull(l.medium, 'unknown'), l.issued_at, l.not_before, l.not_after, e.at, l.first_half IS NULL
FROM legacy AS l, event AS e WHERE e.seq = l.event
"""

# Every change of a status, in the order in which they were recorded.
CHANGES = """
SELECT 'ours', s.serial, s.status, s.at, e.at, s.seq FROM status_change AS s, event AS e WHERE e.seq = s.seq
UNION ALL
SELECT 'imported', s.id, s.status, s.at, e.at, s.seq FROM legacy_status AS s, event AS e WHERE e.seq = s.seq
ORDER BY 6
"""


def answer(certificates, changes, at, as_of):
    totals = {}
    for source, key, *group, issued_at, not_before, not_after, recorded, whole in certificates:
        if recorded > as_of or issued_at > at:
            continue
        status = "active"
        for became, second, learnt in changes.get((source, key), ()):
            if learnt <= as_of and second <= at:
                status = became
        revoked = status == "revoked"
        valid = status == "active" and not_before <= at <= not_after
        total = totals.setdefault(tuple(group), [0] * 6)
        for place, counts in enumerate((True, revoked, valid)):
            total[place] += counts
            total[place + 3] += counts and whole
    return totals


def main():
    database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    certificates = database.execute(CERTIFICATES).fetchall()
    changes = {}
    for source, key, status, second, learnt, _ in database.execute(CHANGES):
        changes.setdefault((source, key), []).append((status, second, learnt))
    for line in sys.stdin:
        at, as_of = map(int, line.split())
        for group, total in sorted(answer(certificates, changes, at, as_of).items()):
            print(at, as_of, *group, *(int(n) for n in total))


if __name__ == "__main__":
    main()
