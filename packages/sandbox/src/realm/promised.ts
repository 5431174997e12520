/** Calls that answer with a promise reject it, also when their arguments are wrong. */
export function promised<T>(work: () => Promise<T>): Promise<T> {
  try {
    const promise = work()
    // A rejection that nobody awaits ends nothing: the author may await it later.
    promise.then(undefined, () => undefined)
    return promise
  } catch (error) {
    const promise = Promise.reject(error)
    promise.then(undefined, () => undefined)
    return promise
  }
}
