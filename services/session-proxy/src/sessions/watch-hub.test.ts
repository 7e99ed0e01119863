import { describe, expect, it } from 'vitest'
import { watchHub } from './watch-hub.ts'

const scene = () => {
  let emit: (lines: string) => void = () => {}
  const ending = new AbortController()
  const recorder = {
    header: '{"version":3}\n',
    onLines: (listener: (lines: string) => void) => {
      emit = listener
    },
  }
  const hub = watchHub(recorder, ending.signal)
  return { hub, emit: (lines: string) => emit(lines), end: () => ending.abort() }
}

const signal = new AbortController().signal

describe('a watcher', () => {
  it('gets the header, what was shown, and what happens next, until the end', async () => {
    const { hub, emit, end } = scene()
    emit('[0,"o","before"]\n')
    const watching = hub.watch(signal)[Symbol.asyncIterator]()
    expect((await watching.next()).value).toBe('{"version":3}')
    expect((await watching.next()).value).toBe('[0,"o","before"]')
    emit('[1,"o","after"]\n[0,"x","0"]\n')
    expect((await watching.next()).value).toBe('[1,"o","after"]')
    expect((await watching.next()).value).toBe('[0,"x","0"]')
    end()
    expect((await watching.next()).done).toBe(true)
  })

  it('gets the last size even when it was long ago', async () => {
    const { hub, emit, end } = scene()
    emit('[0,"r","200x50"]\n')
    for (let i = 0; i < 100; i += 1) emit(`[0,"o","${'x'.repeat(1024)}"]\n`)
    end()
    const lines: string[] = []
    for await (const line of hub.watch(signal)) lines.push(line)
    expect(lines.slice(0, 2)).toEqual(['{"version":3}', '[0,"r","200x50"]'])
    expect(lines.length).toBeLessThan(70)
  })

  it('is dropped when it does not keep up, and nobody waits for it', async () => {
    const { hub, emit } = scene()
    const watching = hub.watch(signal)[Symbol.asyncIterator]()
    await watching.next()
    for (let i = 0; i < 2_000; i += 1) emit(`[0,"o","${'x'.repeat(1024)}"]\n`)
    await expect(watching.next()).rejects.toMatchObject({ reason: 'request.too_many' })
  })
})
