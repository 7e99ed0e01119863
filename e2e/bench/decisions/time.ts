import { median } from '../pairs.ts'
import { openWorld, questionOf, type Size } from './world.ts'

/** How long a decision takes, with so many of something, in microseconds. */
export const decisionMicroseconds = async (size: Size, rounds = 5): Promise<number> => {
  const world = openWorld(size)
  await world.warm()
  const questions = Array.from({ length: 50_000 }, (_, number) => questionOf(number, size))
  const times: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const began = performance.now()
    for (const question of questions) await world.decide(question)
    if (round > 0) times.push(((performance.now() - began) * 1000) / questions.length)
  }
  return median(times)
}
