/** Where a stack is that a run has started, as its test files are told. */
export interface RunningStack {
  readonly url: string
  readonly grpcUrl: string
  readonly apiKey: string
}
