# From data, the lines of chart.jq.
set terminal svg size 760,420 dynamic background rgb "white" font "sans,12"
set title "bpf-linker's time, as a ratio to that of aya's bpf-linker"
set logscale y 2
set yrange [0.005:4]
set ytics ("1/128" 1.0/128, "1/64" 1.0/64, "1/32" 1.0/32, "1/16" 1.0/16, "1/8" 1.0/8, "1/4" 1.0/4, "1/2" 1.0/2, "1" 1, "2" 2, "4" 4)
set grid ytics
set xtics rotate by -35 nomirror
set boxwidth 0.38
set style fill solid 0.8
set key top left
set arrow from graph 0, first 1 to graph 1, first 1 nohead lw 2 lc rgb "black" front
plot data using ($0 - 0.2):2 with boxes lc rgb "#2a6f97" title "wall time", \
	"" using ($0 + 0.2):3 with boxes lc rgb "#e09f3e" title "CPU time", \
	"" using 0:(0.005):xtic(1) with points pt 0 notitle
