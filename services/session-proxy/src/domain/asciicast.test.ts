import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { castEncoder, castHeader } from './asciicast.ts'

const start = new Date('2026-11-21T10:00:00Z')
const later = (milliseconds: number): Date => new Date(start.getTime() + milliseconds)

const bytesOf = (lines: string): Buffer =>
  Buffer.concat(
    lines
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as [number, string, string])
      .filter(([, code]) => code !== 'p')
      .map(([, code, data]) => Buffer.from(data, code === 'b' ? 'base64' : 'utf8')),
  )

describe('an asciicast', () => {
  it('begins with a version 3 header', () => {
    const header = castHeader({ cols: 80, rows: 24, term: 'xterm', startedAt: start, title: 'root@web-1' })
    expect(JSON.parse(header)).toEqual({
      version: 3,
      term: { cols: 80, rows: 24, type: 'xterm' },
      timestamp: 1_795_255_200,
      title: 'root@web-1',
    })
  })

  it('gives intervals since the event before', () => {
    const encoder = castEncoder(start)
    expect(encoder.output(Buffer.from('a'), later(500))).toBe('[0.5,"o","a"]\n')
    expect(encoder.resize(100, 40, later(750))).toBe('[0.25,"r","100x40"]\n')
    expect(encoder.exit(7, later(1750))).toBe('[1,"x","7"]\n')
  })

  it('does not go back in time when the clock does', () => {
    const encoder = castEncoder(start)
    encoder.mark('x', later(1000))
    expect(encoder.mark('y', start)).toBe('[0,"m","y"]\n')
  })

  it('carries a character that the network cut in two', () => {
    const encoder = castEncoder(start)
    const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)]
    expect(encoder.output(first, start)).toBe('[0,"p","ww=="]\n')
    expect(encoder.output(second, start)).toBe('[0,"o","é"]\n')
  })

  it('keeps the text around bytes that are not UTF-8', () => {
    const encoder = castEncoder(start)
    const lines = encoder.output(
      Buffer.concat([Buffer.from('a'), Buffer.from([0xff]), Buffer.from('b')]),
      start,
    )
    expect(lines).toBe('[0,"o","a"]\n[0,"b","/w=="]\n[0,"o","b"]\n')
  })

  it('loses no byte, whatever comes in whatever pieces', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
      fc.string({ unit: 'grapheme', maxLength: 40 }).map(text => Buffer.from(text)),
      fc.string({ unit: 'grapheme', maxLength: 40 }).map(text => Buffer.from(text).subarray(1)),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), pieces => {
        const encoder = castEncoder(start)
        const lines = pieces.map(bytes => encoder.output(bytes, start)).join('') + encoder.flush(start)
        expect(bytesOf(lines).equals(Buffer.concat(pieces))).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})
