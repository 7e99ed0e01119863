import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPromtool } from '../../packages/testing/src/promtool.ts'

/** Runs promtool on a file with a given content, which may be JSON: YAML takes it. Gives what it complains of. */
export const complaintOf = (check: readonly string[], content: object): string => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-promtool-'))
  try {
    const file = join(directory, 'given.yaml')
    writeFileSync(file, JSON.stringify(content))
    return complaintOfFile(check, file)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

export const complaintOfFile = (check: readonly string[], file: string): string => {
  const { status, stdout, stderr, error } = spawnSync(findPromtool() ?? 'promtool', [...check, file], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return status === 0 ? '' : `${stdout}${stderr}${error?.message ?? ''}`
}
