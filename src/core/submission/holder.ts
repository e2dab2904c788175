/**
 * Who holds an outbox row: the name of an ingress node, and where it runs apart, which run of it (`name#run`). What a node holds dies
 * with its process, so a later run of the same name is another holder.
 */

/** As `holderName` of the link writes it; names of nodes have none (config/schema.ts, `server.node`). */
const separator = '#'
/** The next character: texts from a name up to the name with this are the name and its runs, in any order by code points. */
const afterSeparator = '$'

/** All that `holder` is a successor of: holders from `from` up to but not including `below`, except `except`. */
export function earlierHolders(holder: string): { readonly from: string; readonly below: string; readonly except: string | null } {
  const at = holder.indexOf(separator)
  const name = at < 0 ? holder : holder.slice(0, at)
  return { from: name, below: `${name}${afterSeparator}`, except: at < 0 ? null : holder }
}
