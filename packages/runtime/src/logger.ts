import { pino, stdSerializers, type DestinationStream, type Logger as Pino } from 'pino'
import { logOutput, stdoutFd } from './log-output.ts'

/**
 * Writes JSON lines to stdout, one per fact. Field names are written in snake_case whatever their
 * spelling here, an `error` with its type, message, stack and causes.
 */
export interface Logger {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
  readonly fatal: LogMethod
  /** A logger whose lines carry these fields too, such as `executionId` and `traceId`. */
  child(fields: LogFields): Logger
}

export interface LogMethod {
  (message: string): void
  (fields: LogFields, message: string): void
}

export type LogFields = Readonly<Record<string, unknown>>

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LoggerOptions {
  /** The least severe level written; default info. */
  readonly level?: LogLevel
  /** The UUID of this service process. */
  readonly processId?: string
  /** Default stdout, as `logOutput` writes it: at once, and what it does not take is lost. */
  readonly destination?: DestinationStream
}

export function createLogger(service: string, options: LoggerOptions = {}): Logger {
  const { level = 'info', processId } = options
  const base = {
    service,
    pid: process.pid,
    ...(processId !== undefined && { process_id: processId }),
  }
  const time = (): string => new Date(Date.now()).toISOString()
  const lostLine = (count: number): string =>
    `${JSON.stringify({ level: 'warn', time: time(), ...base, count, message: 'log lines were lost' })}\n`
  const settings = {
    level,
    base,
    messageKey: 'message',
    timestamp: () => `,"time":"${time()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: stdSerializers.err },
  }
  return wrap(pino(settings, options.destination ?? logOutput(stdoutFd(), lostLine)))
}

function wrap(target: Pino): Logger {
  return {
    debug: method(target, 'debug'),
    info: method(target, 'info'),
    warn: method(target, 'warn'),
    error: method(target, 'error'),
    fatal: method(target, 'fatal'),
    child: (fields) => wrap(target.child(snakeKeys(fields))),
  }
}

function method(target: Pino, level: 'debug' | 'info' | 'warn' | 'error' | 'fatal'): LogMethod {
  return (first: string | LogFields, message?: string): void => {
    if (typeof first === 'string') target[level](first)
    else if (target.isLevelEnabled(level)) target[level](snakeKeys(first), message)
  }
}

function snakeKeys(fields: LogFields): Record<string, unknown> {
  const snake: Record<string, unknown> = {}
  for (const key in fields) {
    snake[key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = fields[key]
  }
  return snake
}
