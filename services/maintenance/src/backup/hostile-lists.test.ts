import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldersOf } from '../destination/list-answer.ts'
import { isObjectName } from '../destination/object-store.ts'
import { BackupError } from './backup-error.ts'
import { parseRecordingList } from './recordings.ts'

const path = '019a0000-0000-7000-8000-000000000001/0f/019a0000-0000-7000-8000-00000000000f.spr'

describe('A list of recordings', () => {
  it('is read line by line', () => {
    const entry = { path, parts: [[10, 'a'.repeat(64)]] }
    expect(parseRecordingList(`${JSON.stringify(entry)}\n`)).toEqual([entry])
    expect(parseRecordingList('')).toEqual([])
  })

  it.each([
    `{"path":"../../etc/passwd","parts":[]}`,
    `{"path":"/${path}","parts":[]}`,
    `{"path":"${path}","parts":[[0,"${'a'.repeat(64)}"]]}`,
    `{"path":"${path}","parts":[[1,"zz"]]}`,
    `{"path":"${path}\\n","parts":[]}`,
    '[]',
    'x',
  ])('is refused with %s', line => {
    expect(() => parseRecordingList(line)).toThrow(BackupError)
  })

  it('of arbitrary text is refused or names only places below the directory', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), text => {
        try {
          for (const entry of parseRecordingList(text)) expect(entry.path).toMatch(/^[0-9a-f/.-]+spr$/)
        } catch (error) {
          expect(error).toBeInstanceOf(BackupError)
        }
      }),
    )
  })
})

describe('The name of an object', () => {
  it('never climbs, and has nothing in it that a URL or a path reads otherwise', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '.', '/', '%', '\\', '\0', ' ', '?', '-') }),
        name => {
          if (!isObjectName(name)) return
          expect(new URL(`http://store/here/${name}`).pathname).toBe(`/here/${name}`)
          expect(name.split('/')).not.toContain('..')
        },
      ),
    )
  })
})

describe('S3’s answer to a list', () => {
  it('gives the folders below the prefix, and where to go on', () => {
    const xml = `<R><IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>
      <CommonPrefixes><Prefix>here/one/</Prefix></CommonPrefixes>
      <CommonPrefixes><Prefix>elsewhere/</Prefix></CommonPrefixes></R>`
    expect(foldersOf(xml, 'here/')).toEqual({ folders: ['one'], next: 'a&b' })
  })

  it('of arbitrary text gives nothing that throws', () => {
    fc.assert(fc.property(fc.string(), text => void foldersOf(text, 'here/')))
  })
})
