#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
extern unsigned CONFIG_OF_TOMORROW __kconfig __weak;
#else
extern unsigned CONFIG_OF_TOMORROW __kconfig;
#endif

SEC("xdp")
int program(struct xdp_md *ctx)
{
	return CONFIG_OF_TOMORROW;
}
