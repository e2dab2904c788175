/** Named places at which a test lets the process die (`before-sync`, `after-sync`): the contract's crash tests. */

export type FaultPoint = (passing: 'before-sync' | 'after-sync') => void

/** `name` or `name:n`: the process kills itself with SIGKILL at the n-th passage of that point. */
export function faultPointOf(setting: string | undefined): FaultPoint {
  if (setting === undefined || setting === '') return () => undefined
  const [name, count] = setting.split(':')
  let left = Number(count ?? 1)
  return (passing) => {
    if (passing === name && --left === 0) process.kill(process.pid, 'SIGKILL')
  }
}
