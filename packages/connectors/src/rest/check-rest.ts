import { fileNameProblem } from '@millrace/replay'
import { type InputProblem, invalid, notAvailableYet } from '../inputs/input-problem.ts'
import type { RestInput } from './rest-input.ts'
import { restUrl } from './rest-url.ts'

/** What the schema cannot say about REST inputs. */
export function checkRest(input: RestInput): InputProblem[] {
  const problems: InputProblem[] = []
  const url = restUrl(input)
  if (!(url instanceof URL)) problems.push(url)
  for (const [index, header] of input.headers.entries()) {
    const at = `/headers/${index}`
    if (!TOKEN.test(header.name)) problems.push(invalid(`${at}/name`, 'is not a header name'))
    else if (OWN_HEADERS.has(header.name.toLowerCase()))
      problems.push(invalid(`${at}/name`, `${header.name} is set by the connector`))
    if (!HEADER_VALUE.test(String(header.value)))
      problems.push(
        invalid(`${at}/value`, 'has a line break or a character that headers cannot carry'),
      )
  }
  for (const [name, value] of Object.entries(input.cookies))
    if (!TOKEN.test(name) || !COOKIE_VALUE.test(value))
      problems.push(invalid(`/cookies/${name}`, 'is not a cookie that can be sent'))
  return [...problems, ...checkAuthentication(input), ...checkFiles(input)]
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const HEADER_VALUE = /^[\t\u0020-\u007E\u0080-\u00FF]*$/
const COOKIE_VALUE = /^[\u0021\u0023-\u002B\u002D-\u003A\u003C-\u005B\u005D-\u007E]*$/
// What frames the message is ours to write; a second opinion would split requests.
const OWN_HEADERS = new Set([
  'host',
  'connection',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'keep-alive',
  'te',
  'trailer',
  'expect',
  'proxy-connection',
  'proxy-authorization',
])

function checkAuthentication({ authentication: auth, tls, headers }: RestInput): InputProblem[] {
  const at = '/authentication'
  switch (auth.authentication_method) {
    case 'oauth2':
    case 'aws_sigv4':
      return [notAvailableYet(`${at}/authentication_method`, auth.authentication_method)]
    case 'client_certificate':
      if (tls?.client_certificate !== undefined && tls.client_key !== undefined) return []
      return [
        {
          name: 'MissingInputError',
          pointer: '/tls/client_certificate',
          message: 'client_certificate and client_key are required for this authentication',
        },
      ]
    case 'basic':
      return auth.username.includes(':')
        ? [invalid(`${at}/username`, 'must not contain a colon')]
        : []
    case 'bearer':
      return HEADER_VALUE.test(auth.token)
        ? []
        : [invalid(`${at}/token`, 'has a character that headers cannot carry')]
    case 'api_key':
      if (auth.in === 'query') return []
      if (!TOKEN.test(auth.name) || OWN_HEADERS.has(auth.name.toLowerCase()))
        return [invalid(`${at}/name`, 'is not a header name that can be used')]
      if (headers.some((header) => header.name.toLowerCase() === auth.name.toLowerCase()))
        return [invalid(`${at}/name`, 'is given in headers too')]
      return HEADER_VALUE.test(auth.value)
        ? []
        : [invalid(`${at}/value`, 'has a character that headers cannot carry')]
    default:
      return []
  }
}

function checkFiles({ destination, mode }: RestInput): InputProblem[] {
  const problems: InputProblem[] = []
  const checkName = (name: string, pointer: string): void => {
    const problem = fileNameProblem(name)
    if (problem !== null) problems.push(invalid(pointer, problem))
  }
  if (destination !== undefined)
    checkName(destination.destination_file_name, '/destination/destination_file_name')
  if (mode.body?.body_type === 'file')
    checkName(mode.body.source_file_name, '/mode/body/source_file_name')
  if (mode.body?.body_type === 'multipart')
    for (const [index, part] of mode.body.parts.entries()) {
      const at = `/mode/body/parts/${index}`
      if (part.source_file_name !== undefined) {
        checkName(part.source_file_name, `${at}/source_file_name`)
        if (part.value !== undefined)
          problems.push(invalid(`${at}/value`, 'is given beside source_file_name; give one'))
      } else if (part.value === undefined)
        problems.push({
          name: 'MissingInputError',
          pointer: `${at}/value`,
          message: 'value is required, or source_file_name',
        })
      if (part.content_type !== undefined && !HEADER_VALUE.test(part.content_type))
        problems.push(invalid(`${at}/content_type`, 'has a character that headers cannot carry'))
    }
  if (
    mode.body?.body_type === 'text' &&
    mode.body.content_type !== undefined &&
    !HEADER_VALUE.test(mode.body.content_type)
  )
    problems.push(invalid('/mode/body/content_type', 'has a character that headers cannot carry'))
  return problems
}
