/**
 * Natural batching: while one run is in flight the next batch collects; when it returns, the batch
 * goes. No timer and no added latency at low load, group commit at high load.
 *
 * A batch is bounded by bytes, never by a small count: a cap of 64 diverges at 25,000 items/s.
 */
export interface Batcher<Item, Result> {
  /** Resolves with this item's result once its batch has run; rejects with what the batch threw. */
  add(item: Item): Promise<Result>
  /** Items that wait for a run or are in one. */
  readonly size: number
  /** Resolves when everything added so far has run. */
  idle(): Promise<void>
}

export interface BatcherOptions<Item, Result> {
  /** Runs one batch; must return one result per item, in order. */
  readonly run: (items: Item[]) => Promise<Result[]>
  /** Size of an item in bytes, roughly; default 1 KiB each. */
  readonly bytesOf?: (item: Item) => number
  /** Bytes of one batch at most (a larger single item goes alone); default 8 MiB. */
  readonly maxBytes?: number
  /** Runs in flight at most; default 1. */
  readonly concurrency?: number
  readonly onBatch?: (items: number) => void
}

export function createBatcher<Item, Result>(
  options: BatcherOptions<Item, Result>,
): Batcher<Item, Result> {
  const {
    run,
    bytesOf = () => 1_024,
    maxBytes = 8 * 1_024 * 1_024,
    concurrency = 1,
    onBatch,
  } = options
  let queue: Waiting<Item, Result>[] = []
  let running = 0
  let inFlight = 0
  let scheduled = false
  const idlers: (() => void)[] = []

  function add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      queue.push({ item, bytes: bytesOf(item), resolve, reject })
      schedule()
    })
  }

  /** One turn of the microtask queue later, so that callers of the same tick share a batch. */
  function schedule(): void {
    if (scheduled || running >= concurrency) return
    scheduled = true
    queueMicrotask(() => {
      scheduled = false
      while (running < concurrency && queue.length > 0) void start(take())
    })
  }

  function take(): Waiting<Item, Result>[] {
    let bytes = 0
    let count = 0
    for (const waiting of queue) {
      bytes += waiting.bytes
      if (count > 0 && bytes > maxBytes) break
      count += 1
    }
    const batch = count === queue.length ? queue : queue.slice(0, count)
    queue = count === queue.length ? [] : queue.slice(count)
    return batch
  }

  async function start(batch: Waiting<Item, Result>[]): Promise<void> {
    running += 1
    inFlight += batch.length
    onBatch?.(batch.length)
    try {
      const results = await run(batch.map((waiting) => waiting.item))
      if (results.length !== batch.length)
        throw new Error(`batch of ${batch.length} items returned ${results.length} results`)
      for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as Result)
    } catch (error) {
      for (const waiting of batch) waiting.reject(error)
    } finally {
      running -= 1
      inFlight -= batch.length
      schedule()
      if (queue.length === 0 && running === 0) for (const idler of idlers.splice(0)) idler()
    }
  }

  return {
    add,
    get size() {
      return queue.length + inFlight
    },
    idle: () =>
      queue.length === 0 && running === 0
        ? Promise.resolve()
        : new Promise((resolve) => idlers.push(resolve)),
  }
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly bytes: number
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}
