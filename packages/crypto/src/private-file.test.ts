import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const nobody = 65_534
const directory = mkdtempSync(join(tmpdir(), 'sallyport-private-file-'))
chmodSync(directory, 0o755)
afterAll(() => rmSync(directory, { recursive: true }))

/** What a process that is not root gets of the file. */
const readAsNobody = (owner: number, group: number, mode: number): string => {
  const path = join(directory, `${owner}-${group}-${mode.toString(8)}`)
  writeFileSync(path, 'content')
  chownSync(path, owner, group)
  chmodSync(path, mode)
  const program = `const { readPrivateFile } = await import(${JSON.stringify(join(import.meta.dirname, 'private-file.ts'))})
    await readPrivateFile(process.argv[1]).then(
      ({ content }) => process.stdout.write(content.use(String)),
      error => process.stdout.write(error.code ?? error.message))`
  const args = ['--conditions=source', '--input-type=module', '-e', program, path]
  return execFileSync(process.execPath, args, { uid: nobody, gid: nobody, encoding: 'utf8' })
}

describe.skipIf(process.getuid?.() !== 0)('readPrivateFile, for who is not root', () => {
  it.each([
    ['its own', nobody, nobody, 0o400],
    ['root’s, lent to its group', 0, nobody, 0o440],
    ['root’s, lent to its group by who may write it', 0, nobody, 0o640],
  ])('reads what is %s', (_title, owner, group, mode) => {
    expect(readAsNobody(owner, group, mode)).toBe('content')
  })

  it.each([
    ['its own, and its group’s', nobody, nobody, 0o440],
    ['root’s, for its group to write', 0, nobody, 0o460],
    ['root’s, for everybody', 0, nobody, 0o444],
    ['root’s, for others than the group', 0, 0, 0o444],
    ['somebody else’s', 1, nobody, 0o440],
  ])('refuses what is %s', (_title, owner, group, mode) => {
    expect(readAsNobody(owner, group, mode)).toMatch(/^others may|^it belongs/)
  })
})
