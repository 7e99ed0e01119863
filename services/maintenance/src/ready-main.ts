// Asks services whether they can do their work: `ready-main.js http://vault:8080/readyz …`. Fails if one cannot.
const patienceMs = 5_000

/** Nothing if it is ready; or why not. */
const ask = async (url: string): Promise<string | undefined> => {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(patienceMs) })
    return answer.ok ? undefined : `${answer.status} ${await answer.text()}`
  } catch (error) {
    const reason = error instanceof Error ? (error.cause ?? error) : error
    return reason instanceof Error ? reason.message : String(reason)
  }
}

const urls = process.argv.slice(2)
const answers = await Promise.all(urls.map(ask))
for (const [index, problem] of answers.entries())
  process.stdout.write(`${urls[index]}: ${problem ?? 'ready'}\n`)
if (urls.length === 0 || answers.some(problem => problem !== undefined)) process.exitCode = 1
