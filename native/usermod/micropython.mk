# make -C ports/<port> USER_C_MODULES=/abs/native
TYMPAN_DIR := $(USERMOD_DIR)
TYMPAN_CORE := $(abspath $(TYMPAN_DIR)/../core)
SRC_USERMOD_C += $(TYMPAN_DIR)/modtympan.c $(wildcard $(TYMPAN_CORE)/*.c) $(wildcard $(TYMPAN_CORE)/operators/*.c)
