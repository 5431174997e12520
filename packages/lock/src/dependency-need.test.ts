import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DependencyFacts, ReturnWhen } from './dependency-need.ts'
import { dependencyNeed } from './dependency-need.ts'

const need = (
  returnWhen: ReturnWhen,
  members: number,
  succeeded: number,
  failed: number,
  needed: number | null = null,
) => dependencyNeed({ returnWhen, needed, members, succeeded, failed })

test('a wait for ends needs as many more as are missing', () => {
  assert.equal(need('ALL_ENDED', 5, 1, 1), 3)
  assert.equal(need('FIRST_ENDED', 5, 0, 0), 1)
  assert.equal(need('FIRST_ENDED', 5, 0, 2), 0)
  assert.equal(need('N_ENDED', 5, 1, 0, 3), 2)
  assert.equal(need('N_ENDED', 2, 0, 0, 9), 2)
  assert.equal(need('N_ENDED', 2, 0, 0), 1)
})

test('a wait for successes is answered by the failure that makes it hopeless, too', () => {
  assert.equal(need('ALL_SUCCEEDED', 5, 1, 0), 1)
  assert.equal(need('ALL_SUCCEEDED', 5, 1, 1), 0)
  assert.equal(need('FIRST_SUCCEEDED', 5, 0, 4), 1)
  assert.equal(need('N_SUCCEEDED', 5, 0, 0, 3), 3)
  assert.equal(need('N_SUCCEEDED', 5, 0, 2, 3), 1)
  assert.equal(need('N_SUCCEEDED', 5, 3, 0, 3), 0)
})

test('it is the fewest further ends after which the wait is over, whatever they are', () => {
  const cases: ReturnWhen[] = [
    'ALL_ENDED',
    'ALL_SUCCEEDED',
    'FIRST_ENDED',
    'FIRST_SUCCEEDED',
    'N_ENDED',
    'N_SUCCEEDED',
  ]
  for (const returnWhen of cases) {
    for (const facts of states(returnWhen))
      assert.equal(dependencyNeed(facts), fewest(facts), JSON.stringify(facts))
  }
})

function states(returnWhen: ReturnWhen): DependencyFacts[] {
  const numbers = [0, 1, 2, 3, 4]
  return numbers.flatMap((members) =>
    numbers.flatMap((succeeded) =>
      numbers.flatMap((failed) =>
        succeeded + failed > members
          ? []
          : [1, 2, 3].map((needed) => ({ returnWhen, needed, members, succeeded, failed })),
      ),
    ),
  )
}

function fewest(facts: DependencyFacts): number {
  if (isOver(facts)) return 0
  const { succeeded, failed } = facts
  return (
    1 +
    Math.min(
      fewest({ ...facts, succeeded: succeeded + 1 }),
      fewest({ ...facts, failed: failed + 1 }),
    )
  )
}

function isOver({ returnWhen, needed, members, succeeded, failed }: DependencyFacts): boolean {
  const all = returnWhen.startsWith('ALL')
  const wanted = Math.min(members, all ? members : returnWhen.startsWith('N') ? (needed ?? 1) : 1)
  if (returnWhen.endsWith('ENDED')) return succeeded + failed >= wanted
  return succeeded >= wanted || members - failed < wanted
}
