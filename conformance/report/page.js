function speak(l){document.body.className=l;document.documentElement.lang=l}
function step(id,d){var s=document.getElementById(id),m=s.querySelectorAll('g.s'),n=+(s.dataset.n||m.length);
n=Math.max(0,Math.min(m.length,n+d));s.dataset.n=n;m.forEach(function(g,i){g.classList.toggle('off',i>=n)});
document.getElementById(id+'n').textContent=n+'/'+m.length}
