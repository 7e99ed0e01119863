import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { figure } from '@sallyport/testing/proof'
import { describe, expect, it } from 'vitest'
import { openDoor } from './support/door.ts'
import { smallTarget } from './support/small-target.ts'

const NEEDED = 'needs ssh-audit 3.1 or newer (pip install ssh-audit)'

/** What ssh-audit has to say against the server, by grade. Undefined without ssh-audit. */
const audit = async (port: number): Promise<{ fail: string[]; warn: string[] } | undefined> => {
  const args = ['--json', '--skip-rate-test', '-p', String(port), '127.0.0.1']
  // It exits with 3 or 2 when there is anything to say.
  const { stdout } = await promisify(execFile)('ssh-audit', args).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? '',
  }))
  if (!stdout.startsWith('{')) return undefined
  const report: Record<string, unknown> = JSON.parse(stdout)
  const algorithms = ['kex', 'key', 'enc', 'mac'].flatMap(kind => report[kind] as Algorithm[])
  const said = (grade: 'fail' | 'warn'): string[] =>
    algorithms.flatMap(({ algorithm, notes }) => (notes?.[grade] ?? []).map(note => `${algorithm}: ${note}`))
  return { fail: said('fail'), warn: said('warn') }
}

type Algorithm = {
  readonly algorithm: string
  readonly notes?: { readonly fail?: string[]; readonly warn?: string[] }
}

/** What we offer on purpose besides: clients of before 2024 know no post-quantum exchange. */
const EXPLAINED = /post-quantum/

describe('S-SSH-04: the algorithms of the door', () => {
  it('make ssh-audit complain of nothing but the older key exchanges beside the post-quantum one', async ctx => {
    await using target = await smallTarget()
    await using door = await openDoor(target.facts)
    const said = await audit(door.port)
    if (said === undefined) return ctx.skip(NEEDED)
    expect(said.fail).toEqual([])
    expect(said.warn.filter(note => !EXPLAINED.test(note))).toEqual([])
    figure('S-SSH-04', `ssh-audit: 0 failures, ${said.warn.length} warnings, all explained`)
  })
})
