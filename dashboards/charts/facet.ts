/** Panels, one per workload and condition, each with its own x axis. */

/** A row of panels under each other, labelled on top; the field `cell` of each datum says which panel it belongs to. */
export const facetOf = (cells: readonly string[], spec: object): object => ({
  facet: {
    row: {
      field: 'cell',
      type: 'nominal',
      title: null,
      sort: cells,
      header: { labelOrient: 'top', labelAngle: 0 },
    },
  },
  spacing: 18,
  resolve: { scale: { x: 'independent' }, axis: { x: 'independent' } },
  spec,
});
