import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from '@sallyport/targets/find-program'
import { Missing } from '../row.ts'

export type Hammered = { readonly perSecond: number; readonly p99: number }

const milliseconds: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 }

/** One request for each token, made before the clock starts, and sent in turn. */
const scriptFor = (tokens: readonly string[]): string => `
local tokens = { ${tokens.map(token => JSON.stringify(token)).join(', ')} }
local requests, turn = {}, 0
init = function()
  for at, token in ipairs(tokens) do requests[at] = wrk.format('GET', nil, { authorization = 'Bearer ' .. token }) end
end
request = function()
  turn = turn % #requests + 1
  return requests[turn]
end
`

/** Asks for one page as often as it can on 32 connections, as the holders of the tokens, and refuses any answer but 200. */
export const hammer = async (
  url: string,
  seconds: number,
  tokens: readonly string[] = [''],
): Promise<Hammered> => {
  const program = await findProgram('wrk')
  if (program === undefined) throw new Missing('wrk (Debian: wrk)')
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-wrk-'))
  try {
    const script = join(directory, 'requests.lua')
    await writeFile(script, scriptFor(tokens))
    const args = ['-t1', '-c32', `-d${seconds}s`, '--latency', '-s', script, url]
    const { stdout } = await promisify(execFile)(program, args)
    return figuresOf(stdout)
  } finally {
    await rm(directory, { recursive: true })
  }
}

const figuresOf = (printed: string): Hammered => {
  if (/Non-2xx|Socket errors/.test(printed)) throw new Error(printed)
  const [, perSecond] = /Requests\/sec: +([\d.]+)/.exec(printed) ?? []
  const [, p99, unit = 'ms'] = /99% +([\d.]+)(us|ms|s)/.exec(printed) ?? []
  return { perSecond: Number(perSecond), p99: Number(p99) * (milliseconds[unit] ?? Number.NaN) }
}
