import type { Checker, MessageRow, Op, Violation } from '../evidence.ts'
import { acceptedStarts } from './accepted.ts'
import { groupBy, indexBy } from './group-by.ts'

/**
 * I10: the first answer to a message counts. One of those who answered is told that it was he, nobody
 * who was refused is the one that counts, and whoever has asked has got what is stored.
 */
export const checkMessages: Checker = ({ ops, rows }) => {
  const replies = groupBy(
    ops.filter(({ kind }) => kind === 'reply'),
    ({ key }) => key,
  )
  return [
    ...rows.messages.flatMap((message) => judge(message, replies.get(message.id) ?? [])),
    ...unheard(ops, rows),
  ]
}

function judge(message: MessageRow, replies: readonly Op[]): Violation[] {
  const { id, status, answer } = message
  const say = (text: string): Violation => ({ invariant: 'I10', text: `message ${id}: ${text}` })
  const words = (some: readonly Op[]): string =>
    some.map(({ input }) => String(input)).join(' and ')
  const taken = replies.filter(({ outcome }) => outcome === 'ok')
  const counted = replies.filter(({ input }) => input === answer)
  const lost = taken.filter(({ input }) => input !== answer)
  return [
    ...(taken.length > 1 ? [say(`${words(taken)} were both taken`)] : []),
    ...(lost.length > 0
      ? [say(`${words(lost)} was taken and ${answer ?? 'nothing'} is kept`)]
      : []),
    ...(status === 'ANSWERED' && counted.length === 0 ? [say(`nobody said ${answer}`)] : []),
    ...(status === 'ANSWERED' && counted.some(({ outcome }) => outcome === 'refused')
      ? [say(`${answer} was refused and is kept`)]
      : []),
  ]
}

/** What those who asked say that they were told: `answers` by the message's id. */
function unheard(
  ops: readonly Op[],
  { messages, executions }: Parameters<Checker>[0]['rows'],
): Violation[] {
  const byId = indexBy(messages, ({ id }) => id)
  const ends = indexBy(executions, ({ id }) => id)
  return [...acceptedStarts(ops)].flatMap(([id, { work }]) => {
    const end = ends.get(id)
    if (work !== 'ask' || end?.status !== 'ENDED_SUCCESS') return []
    const { answers = [] } = (end.output ?? {}) as { answers?: readonly [string, string][] }
    return answers
      .filter(([message, answer]) => byId.get(message)?.answer !== answer)
      .map(([message, answer]) => ({
        invariant: 'I10',
        text: `${id} was told ${answer} for message ${message}, which has ${byId.get(message)?.answer ?? 'no answer'}`,
      }))
  })
}
