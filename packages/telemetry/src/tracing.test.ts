import { setTimeout as pause } from 'node:timers/promises'
import { SallyportError } from '@sallyport/errors/error'
import { eventually } from '@sallyport/testing/eventually'
import { type CollectorMood, openSpanCollector, type SpanCollector } from '@sallyport/testing/span-collector'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'
import { openMeter } from './metrics.ts'
import { attributeCatalogue } from './span-catalogue.ts'
import { currentTraceparent, inSpan, within } from './span.ts'
import { openTracing, type Tracing } from './tracing.ts'

type Traced = AsyncDisposable & {
  readonly tracing: Tracing
  readonly collector: SpanCollector
  readonly lines: Record<string, unknown>[]
  readonly dropped: (reason: string) => Promise<number>
}

const open = async (mood: CollectorMood = 'accept', ratio = 1, endpoint?: string): Promise<Traced> => {
  const collector = await openSpanCollector(mood)
  const lines: Record<string, unknown>[] = []
  const log = createLogger('vault', 'info', { write: line => lines.push(JSON.parse(line)) })
  const meter = openMeter(() => {})
  const config = { endpoint: endpoint ?? collector.endpoint, ratio }
  const tracing = await openTracing({ service: 'vault', config, meter, log })
  return {
    tracing,
    collector,
    lines,
    dropped: async reason => {
      const label = `sallyport_spans_dropped_total{reason="${reason}"} `
      const line = (await meter.text()).split('\n').find(text => text.startsWith(label))
      return Number(line?.slice(label.length) ?? 0)
    },
    [Symbol.asyncDispose]: async () => {
      await tracing[Symbol.asyncDispose]()
      await collector[Symbol.asyncDispose]()
    },
  }
}

const postgres = { 'db.system.name': 'postgresql' } as const
const work = async (): Promise<string> => 'done'
const inTrace = (tracing: Tracing): Promise<string> =>
  within(tracing.begin('attempt', {}), () => inSpan('transaction', postgres, work))

describe('A trace', () => {
  it('is sent to the collector: what happened within what, in which service', async () => {
    await using traced = await open()
    await inTrace(traced.tracing)
    const spans = await eventually(() => traced.collector.spans().length === 2 && traced.collector.spans())
    const [inner, outer] = spans
    expect(outer).toMatchObject({ service: 'sallyport-vault', name: 'attempt', parentSpanId: undefined })
    expect(inner).toMatchObject({
      name: 'transaction',
      traceId: outer?.traceId,
      parentSpanId: outer?.spanId,
      attributes: postgres,
      isError: false,
    })
  })

  it('goes on where it is resumed, and nowhere without a place in one', async () => {
    await using traced = await open()
    await within(traced.tracing.begin('attempt', {}), async () => {
      await within(traced.tracing.resume(currentTraceparent(), 'answer', { 'rpc.method': 'a/B' }), work)
    })
    for (const nowhere of [undefined, '', '00-nonsense', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`])
      expect(traced.tracing.resume(nowhere, 'answer', {})).toBeUndefined()
    const spans = await eventually(() => traced.collector.spans().length === 2 && traced.collector.spans())
    expect(spans.map(({ name }) => name)).toEqual(['a/B', 'attempt'])
    expect(spans[0]?.parentSpanId).toBe(spans[1]?.spanId)
  })

  it('is not kept because a client says so: its own trace is linked', async () => {
    const theirs = 'a'.repeat(32)
    const from = `00-${theirs}-${'b'.repeat(16)}-01`
    await using none = await open('accept', 0)
    await within(none.tracing.begin('request', { 'http.route': '/' }, from), work)
    await using all = await open()
    await within(all.tracing.begin('request', { 'http.route': '/' }, from), work)
    const [span] = await eventually(() => all.collector.spans().length === 1 && all.collector.spans())
    expect(span?.traceId).not.toBe(theirs)
    expect(span?.linkedTraceIds).toEqual([theirs])
    expect(none.collector.requests()).toBe(0)
  })

  it('is in the lines of the log, whether it is kept or not', async () => {
    for (const ratio of [0, 1]) {
      await using traced = await open('accept', ratio)
      const log = createLogger('vault', 'info', { write: line => traced.lines.push(JSON.parse(line)) })
      await within(traced.tracing.begin('attempt', {}), async () => log.info('within'))
      log.info('outside')
      expect(traced.lines[0]).toMatchObject({
        trace_id: expect.stringMatching(/^[\da-f]{32}$/),
        span_id: expect.stringMatching(/^[\da-f]{16}$/),
      })
      expect(traced.lines[1]).not.toHaveProperty('trace_id')
    }
  })

  it('tells nothing of what goes on after its span', async () => {
    await using traced = await open()
    const span = traced.tracing.begin('session', {})
    await span?.run(async () => {
      span[Symbol.dispose]()
      await inSpan('transaction', postgres, work)
    })
    await eventually(() => traced.collector.spans().length === 1)
    traced.tracing.begin('attempt', {})?.[Symbol.dispose]()
    const spans = await eventually(() => traced.collector.spans().length === 2 && traced.collector.spans())
    expect(spans.map(({ name }) => name)).toEqual(['session', 'attempt'])
  })

  it('tells of a failure its code, and nothing that it says', async () => {
    await using traced = await open()
    const texts = fc.string({
      minLength: 12,
      maxLength: 40,
      unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'),
    })
    const errors = fc.constantFrom<(text: string) => unknown>(
      text => new Error(text),
      text => new SallyportError('device.not_found', text, { metadata: { text }, cause: new Error(text) }),
      text => new TypeError(text, { cause: { text } }),
      text => text,
    )
    const planted: string[] = []
    await fc.assert(
      fc.asyncProperty(texts, errors, async (text, errorOf) => {
        const canary = `canary-${text}`
        planted.push(canary)
        const failing = within(traced.tracing.begin('attempt', {}), () =>
          inSpan('transaction', postgres, () => Promise.reject(errorOf(canary))),
        )
        await expect(failing).rejects.toBeDefined()
      }),
    )
    await eventually(() => traced.collector.spans().length === 2 * planted.length)
    const received = traced.collector.received()
    expect(planted.filter(canary => received.includes(canary))).toEqual([])
    for (const { attributes } of traced.collector.spans()) {
      expect(['internal', 'not_found']).toContain(attributes['error.type'])
      expect(Object.keys(attributeCatalogue)).toEqual(expect.arrayContaining(Object.keys(attributes)))
    }
    expect(traced.collector.spans().some(({ isError }) => isError)).toBe(true)
  })

  it('is nothing at all where none is configured', async () => {
    const meter = openMeter(() => {})
    const log = createLogger('vault', 'silent')
    await using tracing = await openTracing({ service: 'vault', config: undefined, meter, log })
    expect(tracing.begin('attempt', {})).toBeUndefined()
    expect(await inSpan('transaction', postgres, work)).toBe('done')
    expect(currentTraceparent()).toBeUndefined()
  })
})

describe('A collector in trouble', () => {
  const troubles: readonly { trouble: string; mood: CollectorMood; endpoint?: string }[] = [
    { trouble: 'is not there', mood: 'accept', endpoint: 'http://127.0.0.1:1' },
    { trouble: 'answers that it cannot', mood: 'unavailable' },
    { trouble: 'refuses', mood: 'refuse' },
    { trouble: 'says nothing', mood: 'hang' },
  ]
  // Side by side: each waits for what is given up after two seconds.
  it.concurrent.for(troubles)(
    'that $trouble costs spans, which are counted, and one line',
    async ({ mood, endpoint }, { expect }) => {
      await using traced = await open(mood, 1, endpoint)
      for (let round = 0; round < 20; round += 1) expect(await inTrace(traced.tracing)).toBe('done')
      await eventually(async () => (await traced.dropped('not_sent')) === 40)
      await inTrace(traced.tracing)
      await eventually(async () => (await traced.dropped('not_sent')) === 42)
      expect(traced.lines.map(({ msg }) => msg)).toEqual([
        'Spans cannot be sent to the collector, and are dropped',
      ])
    },
  )

  it('holds up neither work nor memory: what does not fit is dropped', async () => {
    await using traced = await open('hang')
    const begun = performance.now()
    for (let round = 0; round < 5_000; round += 1) await inTrace(traced.tracing)
    expect(await traced.dropped('queue_full')).toBe(10_000 - 2_048)
    // As a bound on a machine that does much else: with a wait for each it were hours.
    expect(performance.now() - begun).toBeLessThan(10_000)
  })

  it('is told of again when it is over', async () => {
    await using traced = await open('refuse')
    await inTrace(traced.tracing)
    await eventually(() => traced.lines.length === 1)
    traced.collector.become('accept')
    await inTrace(traced.tracing)
    await eventually(() => traced.collector.spans().length === 2)
    await eventually(() => traced.lines.length === 2)
    expect(traced.lines.at(-1)).toMatchObject({ msg: 'Spans are sent to the collector again' })
  })

  it('does not hold up the end of a service, which sends what waits', async () => {
    const well = await open()
    await inTrace(well.tracing)
    await well[Symbol.asyncDispose]()
    expect(well.collector.spans()).toHaveLength(2)

    const hanging = await open('hang')
    await inTrace(hanging.tracing)
    const ended = hanging[Symbol.asyncDispose]().then(() => 'ended')
    expect(await Promise.race([ended, pause(8_000, 'still waiting', { ref: false })])).toBe('ended')
  })
})
