/** The process around the CLI, as arguments: tests run the CLI without one. */
export interface Deps {
  readonly io: Io
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly homeDir: string
  /** ms since 1970; only for showing ages. */
  readonly now: () => number
  /** Aborted when the person presses Ctrl-C. */
  readonly interrupted: AbortSignal
}

export interface Io {
  /** Results. One call writes whole lines. */
  out(text: string): void
  /** A result that is somebody else's text: no line end is added to it. */
  outAsIs(text: string): void
  /**
   * From here on the command does nothing but print: when nobody reads any more the process ends, with
   * success. Any other command goes on to its end, unread.
   */
  onlyPrints(): void
  /** Everything that is not a result: progress, hints, errors. */
  err(text: string): void
  readStdin(): Promise<string>
  /** The lines of standard input as they come; a person at a terminal is asked with `prompt`. */
  readLines(prompt: string): AsyncIterable<string>
  /** Asks on the terminal without showing the answer; null when there is no terminal. */
  askSecret(question: string): Promise<string | null>
}
