import { existsSync, writeFileSync } from 'node:fs'

/** Stands in for the gateway's bootstrap: secrets at the first call, and when asked to make them anew. */
const marker = `${process.argv[2]}/bootstrapped`
const isFirst = !existsSync(marker)
writeFileSync(marker, '')
const makes = isFirst || process.env['MILLRACE_BOOTSTRAP_RESET'] === 'true'
const secrets = { user_name: 'admin', password: isFirst ? 'first' : 'anew', api_key: 'key' }
console.log(JSON.stringify(makes ? secrets : {}))
