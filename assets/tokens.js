// A row of the table is picked like its point; what the table marks is ringed in the picture.
element.addEventListener('click', (event) => {
  const row = event.target.closest('button[data-point]');
  if (row) trigger('pick', {points: [Number(row.dataset.point)]});
});
watch('value', () => {
  // The new table is on the page only after this.
  requestAnimationFrame(() => {
    const marked = element.querySelector('[data-points]')?.dataset.points ?? '[]';
    document.dispatchEvent(new CustomEvent('mark-points', {detail: JSON.parse(marked)}));
  });
});
