import { decoder, json, labelOf, type Sent } from './nats-message.ts'
import { runAs, type World } from './world.ts'

/** What the queue needs of its server. */
export interface WorkQueueDeps {
  /** To whoever listens; false when nobody does. */
  route(sent: Sent): boolean
  /** To the one who asked for work at `reply`, if it is still there. */
  answerPull(reply: string, sent: Sent, label: string): void
}

/** The one work queue of JetStream: jobs by pool, pulls, and jobs that come again when nobody acknowledges. */
export interface WorkQueue {
  /** Before somebody makes the stream, nothing is taken. */
  readonly hasStream: boolean
  /** Whether the subject is the queue's business, and then it is done. */
  take(sent: Sent): boolean
  /** The answer of JetStream's own interface. */
  api(subject: string): object
  /** Nobody is connected any more, so nobody asks. */
  forgetPulls(): void
  /** Loses stream, consumers and jobs. */
  wipe(): void
}

interface Pull {
  readonly reply: string
  readonly pool: string
  left: number
  readonly expiresAt: number
}

interface Job {
  readonly seq: number
  readonly subject: string
  readonly data: Uint8Array
  /** When it may be given (again). */
  from: number
}

const ACK_WAIT_MS = 15_000

export function createWorkQueue(world: World, { route, answerPull }: WorkQueueDeps): WorkQueue {
  let hasStream = false
  const consumers = new Set<string>()
  let jobs: Job[] = []
  let pulls: Pull[] = []
  let sequence = 0

  function take(sent: Sent): boolean {
    const { subject } = sent
    if (subject.startsWith('$ACK.')) acknowledge(sent)
    else if (subject.startsWith('$JS.API.CONSUMER.MSG.NEXT.')) pull(sent)
    else if (subject.startsWith('dispatch.')) store(sent)
    else return false
    return true
  }

  function store({ subject, data, reply }: Sent): void {
    sequence += 1
    jobs.push({ seq: sequence, subject, data, from: world.now })
    if (reply !== undefined)
      route({ subject: reply, data: json({ stream: 'WORK', seq: sequence }) })
    serve()
  }

  function pull({ subject, data, reply = '' }: Sent): void {
    const pool = subject.split('.').at(-1) ?? ''
    if (!hasStream || !consumers.has(pool)) {
      route({ subject: reply, data: new Uint8Array(), code: 503 })
      return
    }
    const { batch, expires } = JSON.parse(decoder.decode(data)) as {
      batch: number
      expires: number
    }
    const request = { reply, pool, left: batch, expiresAt: world.now + expires / 1_000_000 }
    pulls.push(request)
    runAs(null, () =>
      world.timer(expires / 1_000_000, `nats: a pull of ${pool} runs out`, () => {
        if (!pulls.includes(request)) return
        pulls = pulls.filter((one) => one !== request)
        route({ subject: reply, data: new Uint8Array(), code: 408 })
      }),
    )
    serve()
  }

  /** Gives what may be given to whoever asked. */
  function serve(): void {
    for (const job of jobs) {
      if (job.from > world.now) continue
      const pool = job.subject.split('.').at(-1)
      const asking = pulls.filter((one) => one.pool === pool)
      if (asking.length === 0) continue
      const request = world.rng.pick(asking)
      request.left -= 1
      if (request.left === 0) pulls = pulls.filter((one) => one !== request)
      give(job, ACK_WAIT_MS)
      const sent = { subject: job.subject, data: job.data, reply: `$ACK.${job.seq}` }
      answerPull(request.reply, sent, `${labelOf(sent)} #${job.seq}`)
    }
  }

  /** Out of sight for so long; then it may be given again. */
  function give(job: Job, ms: number): void {
    job.from = world.now + ms
    runAs(null, () => world.timer(ms + 1, `nats: job #${job.seq} may be given again`, serve))
  }

  function acknowledge({ subject, data }: Sent): void {
    const seq = Number(subject.slice('$ACK.'.length))
    const job = jobs.find((one) => one.seq === seq)
    if (job === undefined) return
    const word = decoder.decode(data)
    if (word.startsWith('-NAK')) {
      const delay = /"delay": (\d+)/.exec(word)
      return give(job, delay === null ? 0 : Number(delay[1]) / 1_000_000)
    }
    jobs = jobs.filter((one) => one !== job)
  }

  function api(subject: string): object {
    if (subject.startsWith('$JS.API.STREAM.')) {
      hasStream = true
      return { config: {}, state: {}, created: new Date(0).toISOString() }
    }
    const pool = subject.split('.').at(-1) ?? ''
    if (subject.startsWith('$JS.API.CONSUMER.INFO.'))
      return {
        num_pending: jobs.filter(
          (job) => job.subject === `dispatch.${pool}` && job.from <= world.now,
        ).length,
        num_ack_pending: jobs.filter(
          (job) => job.subject === `dispatch.${pool}` && job.from > world.now,
        ).length,
      }
    consumers.add(pool)
    return { stream_name: 'WORK', name: pool, config: {} }
  }

  return {
    get hasStream() {
      return hasStream
    },
    take,
    api,
    forgetPulls() {
      pulls = []
    },
    wipe() {
      hasStream = false
      consumers.clear()
      jobs = []
    },
  }
}
