import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AnswerableMessage, type Answerer, decideAnswer } from './decide-answer.ts'

const OPEN: AnswerableMessage = { state: { kind: 'open' }, assignees: [], allowsLinks: false }
const user = (name: string, ...identities: string[]): Answerer => ({
  kind: 'user',
  name,
  identities: [name, ...identities],
  isAdmin: false,
})
const ADMIN: Answerer = { kind: 'user', name: 'root', identities: ['root'], isAdmin: true }
const LINK: Answerer = { kind: 'link', recipient: 'anna@example.com' }
const AT = Date.UTC(2026, 10, 22, 9, 30)
const reasonOf = (message: AnswerableMessage, by: Answerer) => {
  const verdict = decideAnswer(message, by, AT)
  return verdict.verdict === 'refused' ? verdict.reason : verdict.verdict
}

test('the first answer counts, and a second is told whose it was', () => {
  const first = decideAnswer(OPEN, user('anna'), AT)
  assert.deepEqual(first, { verdict: 'accepted', next: { kind: 'answered', at: AT, by: 'anna' } })
  const state = { kind: 'answered', at: AT, by: 'anna' } as const
  assert.deepEqual(decideAnswer({ ...OPEN, state }, user('ben'), AT + 1), {
    verdict: 'refused',
    reason: 'answered',
    detail: 'anna has answered this message at 2026-11-22T09:30:00.000Z; the first answer counts.',
  })
})

test('with assignees only they answer, by name or by role, and administrators', () => {
  const message = { ...OPEN, assignees: ['ben', 'operators'] }
  assert.equal(reasonOf(message, user('anna')), 'not_assigned')
  assert.equal(reasonOf(message, user('ben')), 'accepted')
  assert.equal(reasonOf(message, user('anna', 'operators')), 'accepted')
  assert.equal(reasonOf(message, ADMIN), 'accepted')
})

test('a link answers where the message allows it, for whom it was made', () => {
  assert.equal(reasonOf(OPEN, LINK), 'links_not_allowed')
  const verdict = decideAnswer({ ...OPEN, allowsLinks: true, assignees: ['ben'] }, LINK, AT)
  assert.deepEqual(verdict, {
    verdict: 'accepted',
    next: { kind: 'answered', at: AT, by: 'anna@example.com' },
  })
})

test('who may not answer does not learn who did', () => {
  const state = { kind: 'answered', at: AT, by: 'ben' } as const
  const message = { ...OPEN, state, assignees: ['ben'] }
  for (const stranger of [user('eve'), LINK])
    assert.doesNotMatch(JSON.stringify(decideAnswer(message, stranger, AT)), /ben/)
})

test('a closed message says why it is closed', () => {
  const sentences = {
    timeout: 'the time to answer is over',
    ended: 'the execution that asked has ended',
    withdrawn: 'it was withdrawn',
  }
  for (const [why, sentence] of Object.entries(sentences)) {
    const state = { kind: 'closed', at: AT, why } as AnswerableMessage['state']
    assert.deepEqual(decideAnswer({ ...OPEN, state }, ADMIN, AT), {
      verdict: 'refused',
      reason: 'closed',
      detail: `This message can no longer be answered: ${sentence}.`,
    })
  }
})

test('F5 of any answers in any order the first permitted one counts, and only it', () => {
  const answerers = [user('anna'), user('ben'), user('eve', 'operators'), ADMIN, LINK]
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...answerers), { maxLength: 12 }),
      fc.subarray(['ben', 'operators']),
      fc.boolean(),
      (attempts, assignees, allowsLinks) => {
        let state: AnswerableMessage['state'] = { kind: 'open' }
        const permitted = attempts.filter(
          (by) => reasonOf({ state: OPEN.state, assignees, allowsLinks }, by) === 'accepted',
        )
        const accepted: Answerer[] = []
        for (const [index, by] of attempts.entries()) {
          const verdict = decideAnswer({ state, assignees, allowsLinks }, by, AT + index)
          if (verdict.verdict === 'refused') continue
          accepted.push(by)
          state = verdict.next
        }
        assert.deepEqual(accepted, permitted.slice(0, 1))
      },
    ),
    { seed: 14, numRuns: 500 },
  )
})
