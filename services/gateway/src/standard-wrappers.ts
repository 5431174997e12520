import { readFileSync } from 'node:fs'
import type { StandardWrapper } from '@millrace/store'

/**
 * The wrappers that come with the product. They are flows like anybody's, in the folder beside this
 * file, and use nothing that others cannot use. See docs/guide/wrappers.md.
 */
export function standardWrappers(): readonly StandardWrapper[] {
  return Object.entries(STANDARD).map(([name, { description, properties, more }]) => ({
    name,
    description,
    source: readFileSync(new URL(`standard-wrappers/${name}.ts`, import.meta.url), 'utf8'),
    inputSchema: JSON.stringify({
      type: 'object',
      properties,
      additionalProperties: false,
      ...more,
    }),
  }))
}

type Schema = Readonly<Record<string, unknown>>

interface Standard {
  readonly description: string
  readonly properties: Readonly<Record<string, Schema>>
  readonly more?: Schema
}

const TEXT = { type: 'string' }
const NAME = { type: 'string', minLength: 1, maxLength: 128 }
const SECONDS = { type: 'number', minimum: 0, maximum: 1e10 }
const NAMES = { type: 'array', items: NAME, maxItems: 100 }
const ANY_SCHEMA = { type: ['object', 'boolean'] }

const STANDARD: Readonly<Record<string, Standard>> = {
  cache: {
    description: 'Gives the last good output for the same inputs while it is young enough.',
    properties: {
      max_age_minutes: { type: 'number', minimum: 0, default: 1_440 },
      max_entries: { type: 'integer', minimum: 1, maximum: 10_000, default: 100 },
    },
  },
  retry: {
    description: 'Tries again after a while when it has failed, a number of times.',
    properties: {
      max_tries: { type: 'integer', minimum: 1, maximum: 10_000, default: 3 },
      delay_sec: { ...SECONDS, default: 10 },
      backoff: { type: 'number', minimum: 1, maximum: 100, default: 1 },
      max_delay_sec: { ...SECONDS, default: 3_600 },
    },
  },
  timeout: {
    description: 'Cancels what takes too long, and fails.',
    properties: { timeout_sec: { type: 'number', exclusiveMinimum: 0, maximum: 1e10 } },
    more: { required: ['timeout_sec'] },
  },
  notify: {
    description: 'Tells people of errors and cancels, and on request of successes and changes.',
    properties: {
      notify_on_error: { type: 'boolean', default: true },
      notify_on_success: { type: 'boolean', default: false },
      to: NAMES,
      subject: TEXT,
      body: TEXT,
      base_url: TEXT,
      flow: NAME,
      changed_flow: NAME,
      state_setting: NAME,
    },
  },
  interactive: {
    description: 'Asks a person what to do when it has failed.',
    properties: {
      interactive_limit_minutes: { type: 'number', exclusiveMinimum: 0, default: 30 },
      assignees: NAMES,
      subject: TEXT,
      message: TEXT,
    },
  },
  check: {
    description: 'Lets another flow or script judge the output.',
    properties: {
      checker_flow: NAME,
      checker_script: { type: 'string', minLength: 1 },
      checker_input: { type: 'object' },
    },
    more: { oneOf: [{ required: ['checker_flow'] }, { required: ['checker_script'] }] },
  },
  validate: {
    description: 'Checks inputs and output against JSON schemas.',
    properties: { input_schema: ANY_SCHEMA, output_schema: ANY_SCHEMA },
    more: { anyOf: [{ required: ['input_schema'] }, { required: ['output_schema'] }] },
  },
}
