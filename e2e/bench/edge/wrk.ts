import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findProgram } from '@sallyport/targets/find-program'
import { Missing } from '../row.ts'

export type Hammered = { readonly perSecond: number; readonly p99: number }

const milliseconds: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 }

/** Asks for one page as often as it can on 32 connections, and refuses any answer but 200. */
export const hammer = async (url: string, seconds: number, token?: string): Promise<Hammered> => {
  const program = await findProgram('wrk')
  if (program === undefined) throw new Missing('wrk (Debian: wrk)')
  const header = token === undefined ? [] : ['-H', `authorization: Bearer ${token}`]
  const args = ['-t1', '-c32', `-d${seconds}s`, '--latency', ...header, url]
  const { stdout } = await promisify(execFile)(program, args)
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
  const [, perSecond] = /Requests\/sec: +([\d.]+)/.exec(stdout) ?? []
  const [, p99, unit = 'ms'] = /99% +([\d.]+)(us|ms|s)/.exec(stdout) ?? []
  return { perSecond: Number(perSecond), p99: Number(p99) * (milliseconds[unit] ?? Number.NaN) }
}
