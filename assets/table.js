// Sorts a table by the header that is pressed, keeps that order when the table is drawn anew, and reports the row that
// is picked. Every cell carries its number or word as data-value; what has none comes last, whichever way.
let column = null;
let rising = false;

function worth(row) {
  const text = row.cells[column].dataset.value;
  return text === '' ? null : Number.isNaN(Number(text)) ? text : Number(text);
}

function compare(one, other) {
  const [a, b] = [worth(one), worth(other)];
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === 'string' ? a.localeCompare(b) : a - b;
  return rising ? order : -order;
}

function sort() {
  const body = element.querySelector('.suite tbody');
  if (!body || column === null) return;
  element.querySelectorAll('.suite thead th').forEach((head, at) => {
    head.setAttribute('aria-sort', at !== column ? 'none' : rising ? 'ascending' : 'descending');
  });
  body.append(...[...body.rows].sort(compare));
}

element.addEventListener('click', (event) => {
  const head = event.target.closest('.suite thead th');
  if (head) {
    const pressed = head.cellIndex;
    // Words begin at A, numbers at the highest; pressing again turns it round.
    const first = head.closest('table').tBodies[0].rows[0]?.cells[pressed].dataset.value ?? '';
    rising = column === pressed ? !rising : first !== '' && Number.isNaN(Number(first));
    column = pressed;
    sort();
    return;
  }
  const row = event.target.closest('.suite tr[data-name]');
  if (row) trigger('pick', {name: row.dataset.name});
});
watch('value', sort);
